/** Room for work that grows to the largest request and is never given back: nothing in it outlives a call. */

/** What `make` makes for n things, kept until more are asked for. */
export function growing<T>(make: (n: number) => T): (n: number) => T {
  let [made, room] = [make(0), 0];
  return (n) => {
    if (room < n) [made, room] = [make(n), n];
    return made;
  };
}

/** Views of n equal words. */
export function constantWords(value: number): (n: number) => Uint32Array {
  const words = growing((n) => new Uint32Array(n).fill(value));
  return (n) => words(n).subarray(0, n);
}
