/** What a verified statement says, as the page is told (port.ts, Deed). */

import { equal, toHex } from "./bytes.ts"
import { openNote } from "./knock.ts"
import type { Moderation, Taken } from "./moderation.ts"
import type { Deed } from "./port.ts"
import type { Self } from "./self.ts"
import { cleanText } from "./text.ts"

/** Null when it says nothing to this person: a note for somebody else, or a grant that does not hold. */
export async function deedOf({ statement, before }: Taken, self: Self, moderation: Moderation): Promise<Deed | null> {
  switch (statement.t) {
    case "policy":
      return { deed: "policy", policy: statement, before }
    case "admit":
      return { deed: "admit", people: statement.people.map((p) => toHex(p.person)) }
    case "deny":
      return { deed: "deny", person: toHex(statement.person) }
    case "note": {
      if (!equal(statement.person, self.person)) return null
      const text = cleanText((await openNote(statement.box, self.kem, self.room.room, self.person)) ?? "")
      return text === "" ? null : { deed: "note", text }
    }
    case "remove":
      return { deed: "remove", person: toHex(statement.person), how: statement.how }
    case "stop":
      return { deed: "stop", person: statement.person === undefined ? null : toHex(statement.person), source: statement.source }
    case "appoint": {
      const grant = await moderation.read(statement.grant)
      return grant === null ? null : { deed: "appoint", person: toHex(grant.person) }
    }
    case "end":
      return { deed: "end" }
  }
}
