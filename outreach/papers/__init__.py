"""What people carry: letters, lists, calendars; numbered, reprinted, marked when out of date."""
