/** Which counters of one key have been seen: a sliding window of 1024. */

const WINDOW = 1024 // counters; a 30 fps stream of three layers sends 90 a second
const WORDS = WINDOW / 32

export class ReplayWindow {
  #next = 0 // one above the greatest counter seen
  readonly #seen = new Uint32Array(WORDS) // bit ctr % WINDOW, for the last WINDOW counters

  /** Whether `ctr` is neither seen nor too old to tell. */
  fresh(ctr: number): boolean {
    if (ctr >= this.#next) return true
    if (ctr < this.#next - WINDOW) return false
    return ((this.#seen[(ctr % WINDOW) >>> 5] ?? 0) & (1 << (ctr & 31))) === 0
  }

  /** Marks `ctr` as seen. False when it was not fresh: the frame must be dropped. */
  mark(ctr: number): boolean {
    if (!this.fresh(ctr)) return false
    const from = Math.max(this.#next, ctr - WINDOW + 1)
    for (let skipped = from; skipped < ctr; skipped++) this.#set(skipped, false)
    this.#set(ctr, true)
    this.#next = Math.max(this.#next, ctr + 1)
    return true
  }

  #set(ctr: number, seen: boolean): void {
    const word = (ctr % WINDOW) >>> 5
    const bit = 1 << (ctr & 31)
    const old = this.#seen[word] ?? 0
    this.#seen[word] = seen ? old | bit : old & ~bit
  }
}
