/** The candidate that was most likely meant by a misspelt word; undefined where none is near. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = word.toLowerCase();
  if (wanted.length < 3) return completed(wanted, candidates);
  let best: string | undefined;
  let least = allowedEdits(wanted) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(wanted, candidate.toLowerCase(), least);
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

function allowedEdits(word: string): number {
  return Math.max(1, Math.floor(word.replace(/^-+/, "").length / 3));
}

/** A word of one or two letters with one of them changed is another word, but its last letter may be missing: `al`. */
function completed(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length < 2) return undefined;
  for (const candidate of candidates)
    if (candidate.length === word.length + 1 && candidate.toLowerCase().startsWith(word)) return candidate;
  return undefined;
}

/** ` Did you mean "username"?`, or nothing. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const near = nearest(word, candidates);
  return near === undefined ? "" : `; did you mean "${near}"?`;
}

/** The five candidates whose names are nearest to the text, the nearest first. */
export function closestFirst<T>(text: string, candidates: readonly T[], nameOf: (candidate: T) => string): T[] {
  const scored = candidates.map((candidate) => ({ candidate, distance: editDistance(text, nameOf(candidate)) }));
  scored.sort((a, b) => a.distance - b.distance);
  return scored.slice(0, 5).map(({ candidate }) => candidate);
}

/** The closest candidate, unless more than half of the text would have to change. */
export function closest(text: string, candidates: readonly string[]): string | undefined {
  const [first] = closestFirst(text, candidates, (candidate) => candidate);
  return first !== undefined && editDistance(text, first) <= text.length / 2 ? first : undefined;
}

/** Edits (a letter put in, taken out, changed, or two neighbours swapped) from one word to the other; at most `limit`. */
function editDistance(from: string, to: string, limit = Infinity): number {
  if (Math.abs(from.length - to.length) >= limit) return limit;
  let before: number[] = [];
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1];
      let distance = Math.min(previous[column]! + 1, current[column - 1]! + 1, previous[column - 1]! + (same ? 0 : 1));
      if (row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1])
        distance = Math.min(distance, before[column - 2]! + 1);
      current.push(distance);
    }
    before = previous;
    previous = current;
  }
  return previous[to.length]!;
}
