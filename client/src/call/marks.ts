/** The marks by which a policy names keys (e2ee/PROTOCOL.md, "Grants"): whose they are, of those who are or were here. */

import { fromHex, toHex } from "../../../e2ee/worker/bytes.ts"
import { mark } from "../../../e2ee/worker/grant.ts"
import type { Member, PersonId } from "../../../e2ee/worker/port.ts"

export class Marks {
  readonly #people = new Map<string, PersonId>() // by mark, in hex
  readonly #known = new Set<string>() // keys, in hex

  get people(): ReadonlyMap<string, PersonId> {
    return this.#people
  }

  /** Learns the marks of these members, soon. They are kept when somebody goes: that is when a policy names them. */
  async learn(members: readonly Member[]): Promise<void> {
    const fresh = members.filter((m) => !this.#known.has(m.key))
    for (const { key } of fresh) this.#known.add(key)
    await Promise.all(
      fresh.map(async ({ key, person }) => {
        const bytes = fromHex(key)
        if (bytes !== null) this.#people.set(toHex(await mark(bytes)), person)
      }),
    )
  }
}
