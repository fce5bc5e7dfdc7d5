/** A run of coins [start, end) in text order. */
export interface Window {
  readonly start: number;
  readonly end: number;
}

/** A window that rejects. */
export interface FoundWindow extends Window {
  /** log10 of the family-wise p, or of an upper bound of it; the smallest over all holds family-wise. */
  readonly log10P: number;
}

/** Windows that do not overlap, in text order. */
export class DisjointWindows {
  readonly windows: FoundWindow[] = [];

  fits(window: Window): boolean {
    const next = this.#indexOf(window);
    const before = this.windows[next - 1];
    const after = this.windows[next];
    return (before?.end ?? 0) <= window.start && (after?.start ?? Infinity) >= window.end;
  }

  add(window: FoundWindow): void {
    this.windows.splice(this.#indexOf(window), 0, window);
  }

  /** Of the first window that starts at or after this one. */
  #indexOf({ start }: Window): number {
    let [low, high] = [0, this.windows.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.windows[middle].start < start) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
