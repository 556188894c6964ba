import { best, note } from "./measure.mjs";

/** Whoever takes longer than this for a work is not measured again, in milliseconds. */
const LONG = 6_000;

/** Every work by every contestant, in turn, so that a slow moment of the machine meets all of them; the best of the rounds. */
export async function race(scratch, taking, works, rows, rounds) {
  const results = new Map(works.map((work) => [work.name, new Map()]));
  for (let round = 1; round <= rounds; round++)
    for (const work of works)
      for (const contestant of taking) {
        const before = results.get(work.name).get(contestant.name);
        if (before?.failed || before?.milliseconds > LONG) continue;
        const result = await scratch.run(contestant, work.name, rows);
        note(
          `round ${round}  ${work.name.padEnd(8)} ${contestant.name.padEnd(12)} ${result.failed ?? result.milliseconds.toFixed(1)}`,
        );
        results.get(work.name).set(contestant.name, best(before, result));
      }
  return results;
}
