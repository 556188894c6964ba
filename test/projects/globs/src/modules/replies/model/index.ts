throw new Error("loaded by a pattern that leaves it out");
