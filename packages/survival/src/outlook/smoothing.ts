/** A window with its examples and the sum of the teacher's excess scores after it. */
interface SeenWindow {
  readonly node: number;
  /** What windows are classed by: how often the part of it that the mark looks at was served. */
  readonly frequency: number;
  readonly n: number;
  readonly sum: number;
}

/** What a class of frequencies needs for a mean of its own: few windows would forecast what this key happened to show there. */
const ENOUGH = { positions: 400, windows: 10 } as const;

/** Up to this frequency each is a class of its own, given enough; beyond, a class spans a factor of two at least. */
const EXACT = 4;

/** Mean excess by class of frequency, written to `out[node]`. Windows that were never seen keep what `out` holds. */
export function smoothByFrequency(windows: readonly SeenWindow[], out: Float64Array): void {
  const rising = windows.filter(({ n }) => n > 0).toSorted((a, b) => a.frequency - b.frequency);
  const classes: SeenWindow[][] = [];
  let open: SeenWindow[] = [];
  for (const window of rising) {
    if (open.length > 0 && isComplete(open, window.frequency)) {
      classes.push(open);
      open = [];
    }
    open.push(window);
  }
  const isEnough = open.length >= ENOUGH.windows && positionsOf(open) >= ENOUGH.positions;
  const last = isEnough ? [] : (classes.pop() ?? []);
  for (const own of [...classes, [...last, ...open]]) {
    const mean = own.reduce((total, { sum }) => total + sum, 0) / positionsOf(own);
    for (const { node } of own) out[node] = mean;
  }
}

/** Whether a class ends before the frequency `next`. */
function isComplete(own: readonly SeenWindow[], next: number): boolean {
  const [{ frequency: first }, { frequency: last }] = [own[0], own[own.length - 1]];
  if (next === last || (next > EXACT + 1 && next < 2 * first)) return false;
  return own.length >= ENOUGH.windows && positionsOf(own) >= ENOUGH.positions;
}

function positionsOf(windows: readonly SeenWindow[]): number {
  return windows.reduce((total, { n }) => total + n, 0);
}
