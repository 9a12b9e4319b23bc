/**
 * Who waits to be let in, as one moderator's browser knows it: the server says
 * who waits, the worker whose knock is authentic and what it says. Only who is
 * both is shown.
 */

import type { Knocker, PersonId } from "../../../e2ee/worker/port.ts"

export class Lobby {
  readonly #waiting = new Set<PersonId>() // as the server says
  readonly #knockers = new Map<PersonId, Knocker>()

  /** Those who are shown, in the order in which they knocked. */
  get shown(): readonly Knocker[] {
    return [...this.#knockers.values()]
  }

  /** The server says that somebody waits. */
  waits(person: PersonId): void {
    this.#waiting.add(person)
  }

  /** The worker has read a knock. Returns whether that person is newly shown; one who went meanwhile is not. */
  knocked(knocker: Knocker): boolean {
    if (!this.#waiting.has(knocker.person)) return false
    const fresh = !this.#knockers.has(knocker.person)
    this.#knockers.set(knocker.person, knocker)
    return fresh
  }

  /** Somebody waits no more. */
  gone(person: PersonId): void {
    this.#waiting.delete(person)
    this.#knockers.delete(person)
  }

  /** The server tells everything anew. */
  clear(): void {
    this.#waiting.clear()
    this.#knockers.clear()
  }
}
