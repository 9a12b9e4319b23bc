/**
 * Whose voice is heard, and whose sound is received where more microphones are
 * open than there are slots for sound: of those who spoke last. Times in ms.
 */

import type { PersonId } from "../../../e2ee/worker/port.ts"

/** Sounds that somebody can receive at once: so many slots every server offers. */
export const SOUNDS = 16

/** How long after a syllable somebody still counts as speaking. */
export const HOLD_MS = 600

export class Voices {
  readonly #heard = new Map<PersonId, number>() // when last, in frames that were opened
  readonly #told = new Map<PersonId, number>() // when somebody last said to speak

  /** A voice was in a frame of this person. */
  hear(person: PersonId, now: number): void {
    this.#heard.set(person, now)
  }

  /** This person says to speak. To be believed of whoever is not received: others are heard. */
  tell(person: PersonId, now: number): void {
    this.#told.set(person, now)
  }

  /** Forgets everybody but these. */
  keep(people: ReadonlySet<PersonId>): void {
    for (const last of [this.#heard, this.#told]) for (const person of last.keys()) if (!people.has(person)) last.delete(person)
  }

  /** Who speaks, as heard. */
  speaking(now: number): Set<PersonId> {
    return new Set([...this.#heard].filter(([, at]) => now - at <= HOLD_MS).map(([person]) => person))
  }

  /** How gladly somebody is to be heard: the later the last word, the more; whoever speaks is not cut off by anybody. */
  claim(person: PersonId, now: number): number {
    const heard = this.#heard.get(person) ?? Number.NEGATIVE_INFINITY
    return now - heard <= HOLD_MS ? Number.POSITIVE_INFINITY : Math.max(heard, this.#told.get(person) ?? Number.NEGATIVE_INFINITY)
  }
}
