/** A person's own right to moderate: made by itself out of M, or given by appointment (PROTOCOL.md, "Grants"). */

import { withdrawn } from "./admission.ts"
import { equal } from "./bytes.ts"
import { type Grant, makeGrant, readGrant } from "./grant.ts"
import type { Moderation } from "./moderation.ts"
import type { Self } from "./self.ts"

export const GRANT_MS = 24 * 60 * 60 * 1000 // how long a grant lasts
export const RENEW_MS = 60 * 60 * 1000 // a holder makes its own anew when less is left

export class OwnGrant {
  readonly #self: Self
  readonly #moderation: Moderation
  readonly #date: () => number
  #grant: Grant | null = null

  /** `date` is in ms since 1970. */
  constructor(self: Self, moderation: Moderation, date: () => number) {
    this.#self = self
    this.#moderation = moderation
    this.#date = date
  }

  /** The grant, if it holds and is not withdrawn. */
  async current(): Promise<Grant | null> {
    if (this.#self.holder !== null && (this.#grant === null || this.#grant.notAfter - this.#date() < RENEW_MS)) await this.#make()
    if (this.#grant === null || this.#date() > this.#grant.notAfter) return null
    return (await withdrawn(this.#grant, this.#moderation.policy)) ? null : this.#grant
  }

  async #make(): Promise<void> {
    const { holder, room, person, signer } = this.#self
    if (holder === null) return
    const raw = await makeGrant(holder, room.room, { person, key: signer.publicKey, notAfter: this.#date() + GRANT_MS })
    this.#grant = await readGrant(raw, room, this.#date())
  }

  /** Takes a grant by appointment; false for one that is not this person's. Viewers are not appointed. */
  async take(bytes: Uint8Array): Promise<boolean> {
    const { holder, room, person, signer, kem, viewer } = this.#self
    if (holder !== null || viewer) return false
    const grant = await readGrant(bytes, room, this.#date())
    const mine = grant !== null && equal(grant.person, person) && equal(grant.key, signer.publicKey) && equal(grant.kem, kem.publicKey)
    if (!mine || (this.#grant !== null && this.#grant.notAfter > grant.notAfter)) return false
    this.#grant = grant
    return true
  }
}
