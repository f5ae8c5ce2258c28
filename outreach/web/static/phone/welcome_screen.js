// The screen of a phone that the server does not know: all of its words stand in the page.

export function open() {}
