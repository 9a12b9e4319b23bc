/**
 * Who may come in: what every client decides of every commit before it applies
 * it (PROTOCOL.md, "Admission"). Decisions only: no state, no clock.
 */

import type { Admit, Policy, Remove, Statement } from "../../client/src/wire/statements.gen.ts"
import { type Bytes, equal } from "./bytes.ts"
import type { RoomIds } from "./derive.ts"
import { CLOCK_ALLOWANCE, type Grant, mark, readGrant } from "./grant.ts"
import { readEntry, readSigned, type Said } from "./statement.ts"

export const ENTRIES_MAX = 64 // of one kind in a commit

/** What holds before any Policy is known. */
export const NO_POLICY: Policy = {
  t: "policy",
  seq: 0,
  version: 0,
  lobby: true,
  locked: false,
  quiet: false,
  chat: true,
  share: true,
  tickets: false,
  verify: false,
  masked: false,
  banned: false,
  unmoderated: "lock",
  speakers: [],
  silenced: [],
  dismissed: [],
  barred: [],
}

/** Somebody to be added or removed. */
export interface Coming {
  readonly person: Uint8Array // 16 bytes
  readonly key: Uint8Array // signature key of the leaf, 32 bytes
  readonly viewer: boolean // role of the leaf is 0x02
}

/** What a commit does, and what is said in its authenticated data. */
export interface Change<C extends Coming = Coming> {
  readonly adds: readonly C[]
  readonly removes: readonly Coming[]
  readonly admissions: readonly Uint8Array[] // "a"
  readonly kicks: readonly Uint8Array[] // "k"
}

/** "barred": rule 1; "not admitted": rule 5; "bad entry": something in "a" or "k" is not right or covers nobody. */
export type Verdict =
  | { readonly verdict: "ok"; readonly kicks: readonly Said<Remove>[] }
  | { readonly verdict: "barred" | "not admitted" | "bad entry" }

const among = (list: readonly Uint8Array[], one: Uint8Array): boolean => list.some((other) => equal(other, one))

/** Whether `policy` has taken a grant back: its key is barred, or dismissed (which holders of M cannot be). */
export async function withdrawn(grant: Grant, policy: Policy): Promise<boolean> {
  const marked = await mark(grant.key)
  return among(policy.barred, marked) || (!grant.holder && among(policy.dismissed, marked))
}

/**
 * Whether `next` holds from now on, once `known` (null: version 0) is known.
 * The greater version wins; but nobody whom the known rules withdrew can set
 * them aside, and a holder of M can always set aside those of somebody it
 * withdraws, whatever number they bear.
 */
export async function succeeds(next: Said<Policy>, known: Said<Policy> | null): Promise<boolean> {
  if (known === null) return next.statement.version > 0
  if (await withdrawn(next.grant, known.statement)) return false
  if (next.grant.holder && (await withdrawn(known.grant, next.statement))) return true
  return next.statement.version > known.statement.version
}

/** What an entry of "a" is once verified: whom it lets in. */
type Admission = (who: Coming) => boolean

const isSaid = <T extends Statement["t"]>(said: Said | null, t: T): said is Said<Extract<Statement, { t: T }>> => said?.statement.t === t

const letsIn = (statement: Admit, who: Coming): boolean =>
  statement.people.some((p) => equal(p.person, who.person) && equal(p.key, who.key) && p.viewer === who.viewer)

/** Null when the entry does not hold. */
async function admission(bytes: Uint8Array, policy: Policy, ids: RoomIds, now: number): Promise<Admission | null> {
  const entry = readEntry(bytes)
  if (entry === null) return null
  if ("grant" in entry) {
    const grant = await readGrant(entry.grant, ids, now)
    if (grant === null || (await withdrawn(grant, policy))) return null
    return (who) => !who.viewer && equal(who.person, grant.person) && equal(who.key, grant.key)
  }
  const said = await readSigned(entry.signed, ids, now)
  if (!isSaid(said, "admit") || now > said.statement.until + CLOCK_ALLOWANCE || (await withdrawn(said.grant, policy))) return null
  return (who) => letsIn(said.statement, who)
}

/** The Remove in an entry of "k"; null when it does not hold. */
async function kick(bytes: Uint8Array, policy: Policy, ids: RoomIds, now: number): Promise<Said<Remove> | null> {
  const entry = readEntry(bytes)
  if (entry === null || "grant" in entry) return null
  const said = await readSigned(entry.signed, ids, now)
  return isSaid(said, "remove") && !(await withdrawn(said.grant, policy)) ? said : null
}

/** Rules 1, 2 and 5, and the admissions that rules 3 and 4 found. */
async function standing(who: Coming, removes: readonly Coming[], admissions: readonly Admission[], policy: Policy) {
  if (among(policy.barred, await mark(who.key))) return "barred"
  const back = removes.some((r) => equal(r.person, who.person) && equal(r.key, who.key) && r.viewer === who.viewer)
  if (back || admissions.some((admits) => admits(who))) return "ok"
  return policy.lobby || policy.locked ? "not admitted" : "ok"
}

/** Judges a commit under `policy` at `now` (ms since 1970). Only an "ok" one may be applied; its kicks are taken as if they had come as Acted. */
export async function judge(change: Change, policy: Policy, ids: RoomIds, now: number): Promise<Verdict> {
  const { adds, removes } = change
  if (change.admissions.length > ENTRIES_MAX || change.kicks.length > ENTRIES_MAX) return { verdict: "bad entry" }
  const admissions: Admission[] = []
  for (const bytes of change.admissions) {
    const admits = await admission(bytes, policy, ids, now)
    if (admits === null || !adds.some(admits)) return { verdict: "bad entry" }
    admissions.push(admits)
  }
  const kicks: Said<Remove>[] = []
  for (const bytes of change.kicks) {
    const said = await kick(bytes, policy, ids, now)
    if (said === null || !removes.some((r) => equal(r.person, said.statement.person))) return { verdict: "bad entry" }
    kicks.push(said)
  }
  const standings = await Promise.all(adds.map((who) => standing(who, removes, admissions, policy)))
  if (standings.includes("barred")) return { verdict: "barred" }
  return standings.includes("not admitted") ? { verdict: "not admitted" } : { verdict: "ok", kicks }
}

/** What a nominee may add, and what it must say in "a" for it. */
export interface Choice<C extends Coming> {
  readonly adds: readonly C[]
  readonly admissions: readonly Bytes[]
}

/**
 * Of those a nominee is asked to add, the ones that `judge` allows, with the
 * entries that cover them. `offered` are grants and entries of Admit
 * statements (entryOf), right or wrong; each entry is verified once.
 */
export async function choose<C extends Coming>(
  adds: readonly C[],
  removes: readonly Coming[],
  offered: readonly Bytes[],
  policy: Policy,
  ids: RoomIds,
  now: number,
): Promise<Choice<C>> {
  const held: { readonly bytes: Bytes; readonly admits: Admission }[] = []
  for (const bytes of offered) {
    const admits = await admission(bytes, policy, ids, now)
    if (admits !== null) held.push({ bytes, admits })
  }
  const admissions = held.map((h) => h.admits)
  const standings = await Promise.all(adds.map((who) => standing(who, removes, admissions, policy)))
  const chosen = adds.filter((_, i) => standings[i] === "ok")
  const covering: Bytes[] = []
  const covered = new Set<C>()
  for (const { bytes, admits } of held) {
    const fresh = chosen.filter((who) => !covered.has(who) && admits(who))
    if (fresh.length === 0 || covering.length === ENTRIES_MAX) continue
    for (const who of fresh) covered.add(who)
    covering.push(bytes)
  }
  return { adds: chosen, admissions: covering }
}
