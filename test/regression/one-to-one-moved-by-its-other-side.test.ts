import { database } from "../helpers/databases";
import { benchOn } from "../helpers/bench";
import { Profile, User } from "../helpers/entities/blog";

/** Only the new side was told: the old one still pointed at what had left it. */
test.each(["profile.user = joe", "joe.profile = profile"])("%s takes the profile from susan", async (way) => {
  const { db } = bench;
  const [susan, joe] = ["susan", "joe"].map((username) => db.create(User, { username })) as [User, User];
  const profile = db.create(Profile, { motto: "read", user: susan });
  if (way.startsWith("joe")) joe.profile = profile;
  else profile.user = joe;
  expect(susan.profile).toBeNull();
  expect(joe.profile).toBe(profile);
  expect(profile.user).toBe(joe);
});

const bench = benchOn(database("sqlite"));
