/**
 * Whom this person must tell who it is. Greetings follow from what others do
 * (come, come back), who may do it as often as they like: they are kept within
 * the server's rate, and many at once become one to everybody.
 */

import type { PersonId } from "../../../e2ee/worker/port.ts"
import { Flow } from "./flow.ts"

/** A quarter of the server's rate and half of its burst: chat needs the rest. */
const PER_SECOND = 5
const AT_ONCE = 20

/** More than so many are greeted with one message to all. */
const EACH = 6

export class Greetings {
  readonly #say: (to: PersonId | null) => void
  readonly #now: () => number
  readonly #flow = new Flow(PER_SECOND, AT_ONCE)
  readonly #one = new Set<PersonId>()
  #all = false
  #timer: ReturnType<typeof setTimeout> | undefined

  /** `say` greets one person, or with null everybody. `now` is any steady clock, in ms. */
  constructor(say: (to: PersonId | null) => void, now: () => number) {
    this.#say = say
    this.#now = now
  }

  /** Greets these people, or with null everybody, now or soon. */
  greet(people: readonly PersonId[] | null): void {
    if (people === null) this.#all = true
    else for (const person of people) this.#one.add(person)
    this.#go()
  }

  /** Greets nobody any more. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#one.clear()
    this.#all = false
  }

  #go(): void {
    clearTimeout(this.#timer)
    while (this.#all || this.#one.size > 0) {
      const wait = this.#flow.wait(this.#now())
      if (wait > 0) {
        this.#timer = setTimeout(() => this.#go(), wait)
        return
      }
      this.#next()
    }
  }

  #next(): void {
    const [first] = this.#one
    if (this.#all || this.#one.size > EACH || first === undefined) {
      this.#all = false
      this.#one.clear()
      return this.#say(null)
    }
    this.#one.delete(first)
    this.#say(first)
  }
}
