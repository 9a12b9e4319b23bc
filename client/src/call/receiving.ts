/**
 * What is received, over one subscribe connection after another. A new one
 * takes over from the present one once it is connected: nobody's sound has a
 * gap, and a picture stands still until the same picture moves in the new one.
 */

import type { PersonId } from "../../../e2ee/worker/port.ts"
import type { Wanted } from "./room.ts"
import { MOST_PICTURES, same, USUAL_PICTURES, type Wish } from "./slots.ts"
import type { Showing, Subscribe } from "./subscribe.ts"

/** How long pictures of the connection before are shown, once the new one is there. */
const STILL_MS = 3000

interface ReceivingHeard {
  /** A connection is to be asked for, with so many slots for pictures. */
  subscribe(pictures: number): void
  /** What can be played has changed. */
  changed(): void
}

export class Receiving {
  readonly #make: () => Subscribe
  readonly #heard: ReceivingHeard
  #now: Subscribe | null = null
  #before: Subscribe | null = null // shown until `now` is
  readonly #retired: Subscribe[] = [] // to be closed when the server has answered for their successor: closed sooner, they would be told as lost
  #still: ReturnType<typeof setTimeout> | undefined
  #wish: Wish | null = null
  #pictures = USUAL_PICTURES

  constructor(make: () => Subscribe, heard: ReceivingHeard) {
    this.#make = make
    this.#heard = heard
  }

  /** Makes a connection, in place of what there is. */
  start(): void {
    const old = this.#now
    old?.retire()
    // One that was to take over and never did is not waited for.
    if (old?.alive === true) {
      this.#end()
      this.#before = old
    } else if (old !== null) this.#retired.push(old)
    this.#now = this.#make()
    if (this.#wish !== null) this.#now.want(this.#wish)
    this.#heard.changed()
    this.#heard.subscribe(this.#pictures)
  }

  /** Makes anew what did not survive, or was never there. */
  revive(): void {
    if (this.#now?.alive === true) this.#now.repeat()
    else this.start()
  }

  offered(sdp: string): void {
    for (const old of this.#retired.splice(0)) old.close()
    void this.#now?.offered(sdp)
  }

  /**
   * What is wanted, of which so many pictures are seen at once. More than there
   * are usually slots for are worth a connection with more, which then stays:
   * it would be felt each time.
   */
  want(wish: Wish, seen: number): void {
    this.#wish = wish
    this.#now?.want(wish)
    if (seen <= USUAL_PICTURES || this.#pictures === MOST_PICTURES) return
    this.#pictures = MOST_PICTURES
    if (this.#now !== null) this.start()
  }

  hears(person: PersonId): boolean {
    return [this.#now, this.#before].some((s) => s?.hears(person) === true)
  }

  opened(id: string, turn: number): void {
    this.#now?.opened(id, turn)
    this.#before?.opened(id, turn)
  }

  /** Whose sound the transform `id` opens. */
  speaker(id: string): Wanted | null {
    return this.#now?.speaker(id) ?? this.#before?.speaker(id) ?? null
  }

  /** What may be played. */
  showing(): Showing[] {
    const now = this.#now?.showing() ?? []
    if (this.#before === null) return now
    const before = this.#before.showing().filter((s) => this.#wish?.wanted.some((w) => same(w, s.wanted)))
    if (this.#now?.alive !== true) return before
    this.#still ??= setTimeout(() => {
      this.#end()
      this.#heard.changed()
    }, STILL_MS)
    return [...now, ...before.filter((s) => s.wanted.kind === "video" && !now.some((n) => same(n.wanted, s.wanted)))]
  }

  close(): void {
    this.#end()
    this.#now?.close()
    for (const old of this.#retired) old.close()
  }

  /** Shows nothing any more of the connection before. */
  #end(): void {
    clearTimeout(this.#still)
    this.#still = undefined
    this.#before?.close()
    this.#before = null
  }
}
