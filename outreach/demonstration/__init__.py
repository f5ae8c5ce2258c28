"""A living demonstration: Surakarta and eight more branches in mid-wave, by the product's own acts.

Everything is planned, confirmed and reported through the rooms, with the dates of the story as
`now`, so that every page shows what real work would have left behind. Places are real, people and
figures are made up; all of it is marked. `DEMO=0` leaves it out.
"""
