/** Frames of the camera that wait for their release. Each is closed once, whatever happens: an open one holds a buffer of the camera. */

interface Closes {
  readonly frame: { close(): void }
}

/** More than the policy keeps waiting; only a fault gets here. */
export const MOST_HELD = 32

export class Ring<Shot extends Closes> {
  readonly #held = new Map<number, Shot>()

  get size(): number {
    return this.#held.size
  }

  put(id: number, shot: Shot): void {
    this.#held.set(id, shot)
    for (const [oldest] of this.#held) {
      if (this.#held.size <= MOST_HELD) break
      this.take(oldest, () => undefined)
    }
  }

  /** Hands a frame to `use`, if it is still there, and closes it. */
  take<T>(id: number, use: (shot: Shot) => T): T | undefined {
    const shot = this.#held.get(id)
    if (shot === undefined) return undefined
    this.#held.delete(id)
    try {
      return use(shot)
    } finally {
      shot.frame.close()
    }
  }

  clear(): void {
    for (const id of [...this.#held.keys()]) this.take(id, () => undefined)
  }
}
