/**
 * What a client knows of who decides in its room, and by what rules: the policy
 * that holds, grants, and which statements have been heard (PROTOCOL.md,
 * "Statements"). What is false, old, or said by somebody who may not changes
 * nothing.
 */

import type { Signed } from "../../client/src/wire/messages.gen.ts"
import type { Policy, Statement } from "../../client/src/wire/statements.gen.ts"
import { NO_POLICY, succeeds, withdrawn } from "./admission.ts"
import { equal, toHex } from "./bytes.ts"
import type { RoomIds } from "./derive.ts"
import { CLOCK_ALLOWANCE, type Grant, mark, readGrant } from "./grant.ts"
import type { PersonId } from "./port.ts"
import { readSigned, type Said } from "./statement.ts"

const REMOVALS_MAX = 512 // kept, to be named in commits; the oldest go first
const ADMITTED_MAX = 1024 // remembered; the oldest go first

const isPolicy = (said: Said): said is Said<Policy> => said.statement.t === "policy"

/** Whether two signed statements are the same, byte for byte. */
export const sameSigned = (a: Signed, b: Signed): boolean =>
  a.statement === b.statement && equal(a.grant, b.grant) && equal(a.signature, b.signature)

/** What came of a statement that is authentic and new. */
export interface Taken<S extends Statement = Statement> extends Said<S> {
  readonly before: Policy // the rules that held before it
}

/** What one person knows of its room's moderators. */
export class Moderation {
  readonly #ids: RoomIds
  readonly #date: () => number
  #policy: Policy = NO_POLICY
  #said: Said<Policy> | null = null
  #signed: Signed | null = null
  readonly #heard = new Map<string, number>() // grant's key -> greatest seq
  readonly #grants = new Map<string, Grant>() // by key
  readonly #removals = new Map<PersonId, Signed>()
  readonly #admitted = new Map<string, Grant>() // person and key -> whose word it was
  #last: Signed | null = null // taken

  /** `date` is in ms since 1970. */
  constructor(ids: RoomIds, date: () => number) {
    this.#ids = ids
    this.#date = date
  }

  /** The rules that hold, as far as this client was shown them. */
  get policy(): Policy {
    return this.#policy
  }

  /** The policy as it was signed; null for version 0, which nobody signs. */
  get signed(): Signed | null {
    return this.#signed
  }

  /** Under whose grant the policy was signed. */
  get author(): Grant | null {
    return this.#said?.grant ?? null
  }

  /** A statement that removes a person, if one has been heard. */
  removal(person: PersonId): Signed | undefined {
    return this.#removals.get(person)
  }

  /**
   * Takes a policy from wherever it comes: Joined, Resumed, a member, the stay
   * before. Its number counts for nothing: it may have been heard before.
   * True when other rules hold now.
   */
  async learn(signed: Signed): Promise<boolean> {
    const said = await readSigned(signed, this.#ids, this.#date())
    if (said === null || !isPolicy(said)) return false
    const key = toHex(said.grant.key)
    if (!(await this.#adopt(said, signed))) return false
    this.#heard.set(key, Math.max(this.#heard.get(key) ?? 0, said.statement.seq))
    return true
  }

  async #adopt(said: Said<Policy>, signed: Signed): Promise<boolean> {
    if (!(await succeeds(said, this.#said))) return false
    this.#said = said
    this.#policy = said.statement
    this.#signed = signed
    this.#grants.set(toHex(said.grant.key), said.grant)
    return true
  }

  /** Takes a statement as Acted or a commit brings it. Null when it has no effect. */
  async take(signed: Signed): Promise<Taken | null> {
    if (this.#last !== null && sameSigned(signed, this.#last)) return null // played again: not worth the work
    const said = await readSigned(signed, this.#ids, this.#date())
    if (said === null) return null
    const { statement, grant } = said
    const key = toHex(grant.key)
    const [before, last] = [this.#policy, this.#heard.get(key) ?? 0]
    // Of policies the version counts, not the number: one that was held back still brings rules that are newer.
    if (isPolicy(said)) {
      if (!(await this.#adopt(said, signed))) return null
    } else if (statement.seq <= last || (await withdrawn(grant, before))) return null
    this.#last = signed
    this.#heard.set(key, Math.max(last, statement.seq))
    this.#grants.set(key, grant)
    if (statement.t === "remove") this.#noteRemoval(toHex(statement.person), signed)
    if (statement.t === "admit") for (const { person, key } of statement.people) this.#noteAdmission(toHex(person) + toHex(key), grant)
    if (statement.t === "appoint") await this.recognise(statement.grant)
    return { statement, grant, before }
  }

  #noteRemoval(person: PersonId, signed: Signed): void {
    this.#removals.set(person, signed)
    if (this.#removals.size <= REMOVALS_MAX) return
    for (const oldest of this.#removals.keys()) return void this.#removals.delete(oldest)
  }

  #noteAdmission(who: string, by: Grant): void {
    this.#admitted.delete(who)
    this.#admitted.set(who, by)
    if (this.#admitted.size <= ADMITTED_MAX) return
    for (const oldest of this.#admitted.keys()) return void this.#admitted.delete(oldest)
  }

  /** Whether this key may not come in any more. */
  async barred(key: Uint8Array): Promise<boolean> {
    const marked = await mark(key)
    return this.#policy.barred.some((b) => equal(b, marked))
  }

  /** Whether a moderator's word for this person and key has been heard that still counts: a grant, or an admission. */
  async vouched(person: Uint8Array, key: Uint8Array): Promise<boolean> {
    if ((await this.grantOf(person, key)) !== null) return true
    const by = this.#admitted.get(toHex(person) + toHex(key))
    return by !== undefined && !(await withdrawn(by, this.#policy))
  }

  /** A grant for this room that has not run out, withdrawn or not. */
  read(bytes: Uint8Array): Promise<Grant | null> {
    return readGrant(bytes, this.#ids, this.#date())
  }

  /** Remembers a grant that holds. Null for one that does not, or is withdrawn. */
  async recognise(bytes: Uint8Array): Promise<Grant | null> {
    const grant = await this.read(bytes)
    if (grant === null || (await withdrawn(grant, this.#policy))) return null
    const key = toHex(grant.key)
    const known = this.#grants.get(key)
    if (known === undefined || known.notAfter <= grant.notAfter) this.#grants.set(key, grant)
    return grant
  }

  /** The grant of whoever has this person id and signature key; null when none is known that holds. */
  async grantOf(person: Uint8Array, key: Uint8Array): Promise<Grant | null> {
    const grant = this.#grants.get(toHex(key))
    if (grant === undefined || !equal(grant.person, person) || this.#date() > grant.notAfter + CLOCK_ALLOWANCE) return null
    return (await withdrawn(grant, this.#policy)) ? null : grant
  }

  forget(): void {
    this.#heard.clear()
    this.#grants.clear()
    this.#removals.clear()
    this.#admitted.clear()
  }
}
