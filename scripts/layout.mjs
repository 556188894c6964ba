// A layered layout of a small graph: every arrow points down, boxes of a row do not overlap, few arrows cross.

const GAP = { x: 22, y: 34 };
const SWEEPS = 24;

/** Edges without those that a longer way implies: A → C goes when there is A → B → C. The graph has no cycle. */
export function withoutImplied(edges) {
  const targets = targetsOf(edges);
  const reaches = (from, to) => (targets.get(from) ?? []).some((next) => next === to || reaches(next, to));
  return edges.filter(([from, to]) => !(targets.get(from) ?? []).some((next) => next !== to && reaches(next, to)));
}

/**
 * Splits edges `[from, to, weight]` into those of a graph without cycles and those that close a cycle: of each cycle the lightest, as
 * far as moving one node at a time finds it.
 */
export function withoutCycles(nodes, edges) {
  let order = [...nodes];
  for (let isBetter = true; isBetter;) {
    isBetter = false;
    for (const node of nodes) {
      const others = order.filter((other) => other !== node);
      const orders = order.map((_, index) => [...others.slice(0, index), node, ...others.slice(index)]);
      const best = orders.reduce((a, b) => (weightAgainst(b, edges) < weightAgainst(a, edges) ? b : a), order);
      if (weightAgainst(best, edges) < weightAgainst(order, edges)) [order, isBetter] = [best, true];
    }
  }
  const isForward = ([from, to]) => order.indexOf(from) < order.indexOf(to);
  return { forward: edges.filter(isForward), closing: edges.filter((edge) => !isForward(edge)) };
}

function weightAgainst(order, edges) {
  const places = new Map(order.map((node, place) => [node, place]));
  return edges.reduce((sum, [from, to, weight]) => sum + (places.get(from) > places.get(to) ? weight : 0), 0);
}

/** The same from left to right. */
export function layeredAcross(boxes, edges) {
  const turned = boxes.map(({ id, width, height }) => ({ id, width: height, height: width }));
  const { at, routes, width, height } = layered(turned, edges);
  const places = [...at].map(([id, node]) => [id, { x: node.y, y: node.x, width: node.height, height: node.width }]);
  const turn = (points) => points.map(([x, y]) => [y, x]);
  return { at: new Map(places), routes: routes.map(turn), width: height, height: width };
}

/**
 * Places boxes of `{ id, width, height }`. Gives the top left corner of each by its id, the points along which each edge runs,
 * and the size of the whole.
 */
export function layered(boxes, edges) {
  const rows = rowsOf(boxes, edges);
  const { links, routes } = withWaypoints(rows, edges);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const down = sweep % 2 === 0;
    const order = down ? rows.slice(1) : rows.slice(0, -1).reverse();
    for (const row of order) sortByNeighbours(row, links, down);
  }
  return placed(rows, links, routes);
}

function targetsOf(edges) {
  const targets = new Map();
  for (const [from, to] of edges) targets.set(from, [...(targets.get(from) ?? []), to]);
  return targets;
}

/** A box stands in the row below the lowest box that points at it. */
function rowsOf(boxes, edges) {
  const sources = targetsOf(edges.map(([from, to]) => [to, from]));
  const depths = new Map();
  const depthOf = (id) => {
    if (!depths.has(id)) depths.set(id, Math.max(-1, ...(sources.get(id) ?? []).map(depthOf)) + 1);
    return depths.get(id);
  };
  const rows = [];
  for (const box of boxes) (rows[depthOf(box.id)] ??= []).push({ ...box });
  return rows;
}

/** An edge that crosses rows gets a place in each of them, so that no box stands on it. */
function withWaypoints(rows, edges) {
  const rowOf = new Map(rows.flatMap((row, index) => row.map(({ id }) => [id, index])));
  const links = [];
  const routes = edges.map(([from, to]) => {
    const route = [from];
    for (let index = rowOf.get(from) + 1; index < rowOf.get(to); index++) {
      const id = `${from} ${to} ${index}`;
      rows[index].push({ id, width: 8, height: 0 });
      route.push(id);
    }
    route.push(to);
    for (let at = 1; at < route.length; at++) links.push([route[at - 1], route[at]]);
    return route;
  });
  const parallel = rows.map((row) => new Map(row.map((node, place) => [node.id, Object.assign(node, { place })])));
  const nodes = new Map(parallel.flatMap((row) => [...row]));
  return { links: links.map(([from, to]) => [nodes.get(from), nodes.get(to)]), routes };
}

function neighbours(node, links, above) {
  return links.filter(([from, to]) => (above ? to : from) === node).map(([from, to]) => (above ? from : to));
}

function sortByNeighbours(row, links, above) {
  const wanted = new Map(
    row.map((node) => {
      const near = neighbours(node, links, above);
      return [node, near.length === 0 ? node.place : mean(near.map(({ place }) => place))];
    }),
  );
  row.sort((a, b) => wanted.get(a) - wanted.get(b) || a.place - b.place);
  row.forEach((node, place) => (node.place = place));
}

function placed(rows, links, routes) {
  for (const row of rows) spread(row, (node) => -node.width / 2);
  for (let sweep = 0; sweep < SWEEPS; sweep++)
    for (const row of sweep % 2 === 0 ? rows : [...rows].reverse())
      spread(row, (node) => {
        const near = [...neighbours(node, links, true), ...neighbours(node, links, false)];
        // The middle of the picture (0) counts as a neighbour, which keeps a chain of boxes from drifting to one side.
        return mean([0, ...near.map((other) => other.x + other.width / 2)]) - node.width / 2;
      });
  const left = Math.min(...rows.flat().map(({ x }) => x));
  let y = 0;
  for (const row of rows) {
    const height = Math.max(...row.map((node) => node.height));
    for (const node of row)
      Object.assign(node, { x: Math.round(node.x - left), y, bottom: y + node.height, rowEnd: y + height });
    y += height + GAP.y;
  }
  const nodes = new Map(rows.flat().map((node) => [node.id, node]));
  return {
    at: nodes,
    routes: routes.map((route) =>
      route.flatMap((id, index) => pointsAt(nodes.get(id), index === 0, index === route.length - 1)),
    ),
    width: Math.max(...rows.flat().map((node) => node.x + node.width)),
    height: y - GAP.y,
  };
}

/** Where an edge leaves a box, passes a row, or arrives. */
function pointsAt({ x, y, width, bottom, rowEnd }, isFirst, isLast) {
  const middle = x + width / 2;
  if (isFirst) return [[middle, bottom]];
  return isLast
    ? [[middle, y]]
    : [
        [middle, y],
        [middle, rowEnd],
      ];
}

/** Moves the boxes of a row to where they are wanted, as far as they do not overlap. */
function spread(row, wantedAt) {
  const wanted = row.map(wantedAt);
  const widthTo = (index) => row[index - 1].width + GAP.x;
  const fromLeft = [...wanted];
  for (let i = 1; i < row.length; i++) fromLeft[i] = Math.max(wanted[i], fromLeft[i - 1] + widthTo(i));
  const fromRight = [...wanted];
  for (let i = row.length - 2; i >= 0; i--) fromRight[i] = Math.min(wanted[i], fromRight[i + 1] - widthTo(i + 1));
  // Between both answers there is room for every box: each keeps its distance in either.
  row.forEach((node, index) => (node.x = (fromLeft[index] + fromRight[index]) / 2));
}

function mean(numbers) {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}
