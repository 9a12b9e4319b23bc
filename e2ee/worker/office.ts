/** What orders.ts needs of the parts of a stay. */

import { equal } from "./bytes.ts"
import { makeGrant } from "./grant.ts"
import type { Talk } from "./group-data.ts"
import { sealNote } from "./knock.ts"
import type { Links } from "./links.ts"
import type { Lobby } from "./lobby.ts"
import type { Members } from "./members.ts"
import type { Moderation } from "./moderation.ts"
import type { Office } from "./orders.ts"
import { GRANT_MS, type OwnGrant } from "./own-grant.ts"
import type { PersonId } from "./port.ts"
import type { Self } from "./self.ts"
import { signStatement } from "./statement.ts"

/** The parts of one stay beside its orders. */
export interface Around {
  readonly self: Self
  readonly links: Links
  readonly moderation: Moderation
  readonly grant: OwnGrant
  readonly lobby: Lobby
  readonly talk: Talk
  readonly members: Members
}

/** A grant for a member; null if this person cannot give it, or not to that one. */
async function appointment({ self, talk, members }: Around, person: PersonId, date: number): Promise<Uint8Array | null> {
  const to = members.roster.find((s) => s.id === person)
  const kem = to === undefined ? undefined : talk.kemOf(to.signatureKey)
  if (self.holder === null || to === undefined || kem === undefined || to.viewer || person === self.id) return null
  // Whoever were appointed under a holder's KEM key would pass for a holder.
  if (equal(kem, self.holder.kem.publicKey)) return null
  return makeGrant(self.holder, self.room.room, { person: to.person, key: to.signatureKey, kem, notAfter: date + GRANT_MS })
}

export function officeOf(around: Around, world: Pick<Office, "tell" | "date" | "after">): Office {
  const { self, links, moderation, grant, lobby, members } = around
  const seat = (person: PersonId) => members.roster.find((s) => s.id === person)
  return {
    ...world,
    holder: self.holder !== null,
    policy: () => moderation.policy,
    sign: async (statement) => {
      const own = await grant.current()
      return own === null ? null : signStatement(statement, own.raw, self.sign, self.room.room)
    },
    waiting: (person) => lobby.waiting(person),
    known: (person) => lobby.known(person),
    member: (person) => seat(person)?.signatureKey,
    members: () => members.roster.map((s) => s.person),
    sealNote: (to, kem, text) => sealNote(kem, self.room.room, to, text),
    grant: (person) => appointment(around, person, world.date()),
    standing: async (person) => {
      const of = seat(person)
      const own = of === undefined ? null : await moderation.grantOf(of.person, of.signatureKey)
      return own && (own.holder ? "holder" : "appointed")
    },
    nextLink: () => links.next(),
  }
}
