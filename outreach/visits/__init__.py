"""A village, a team, a day: from proposed to done."""
