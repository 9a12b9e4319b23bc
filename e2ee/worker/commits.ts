/**
 * Commits: making those that everybody will take, and judging those of others
 * by the profile, the rules of the room and its link generations (PROTOCOL.md,
 * "Commits", "Admission", "Link generations"). No state.
 */

import type { Nominate, Signed } from "../../client/src/wire/messages.gen.ts"
import { choose, ENTRIES_MAX, judge } from "./admission.ts"
import { type Bytes, equal, own } from "./bytes.ts"
import {
  EXPORTED_SIZE,
  EXPORTER_LABEL,
  exporterContext,
  follows,
  generationNumber,
  type LinkGeneration,
  openGeneration,
  sealGeneration,
} from "./generation.ts"
import { generationKeys } from "./link.ts"
import type { Links } from "./links.ts"
import * as mls from "./mls.ts"
import type { Moderation } from "./moderation.ts"
import * as profile from "./profile.ts"
import type { Self } from "./self.ts"
import { entryOf, readEntry } from "./statement.ts"

/** What a commit is judged by, besides the group. */
export interface Ground {
  readonly self: Self
  readonly links: Links
  readonly moderation: Moderation
  readonly date: () => number // ms since 1970
}

/** One epoch. */
export interface Present {
  readonly group: mls.Group
  readonly roster: profile.Roster
}

/** What a commit that passed every check does. */
export interface Judged {
  readonly added: readonly profile.Seat[]
  readonly removed: readonly number[]
  readonly kicks: readonly Signed[] // removals that it names
  readonly generation: LinkGeneration | null // that begins with it
  readonly psk: mls.Psk
}

/** Somebody to be added whose KeyPackage is sound. */
export interface Coming {
  readonly person: Bytes
  readonly key: Uint8Array
  readonly viewer: boolean
  readonly candidate: mls.Candidate
}

/** A commit of one's own, and whom it adds and removes. */
export interface Draft {
  readonly made: mls.Pending
  readonly adds: readonly Uint8Array[] // persons
  readonly removes: readonly Uint8Array[]
}

const asComing = ({ person, signatureKey, viewer }: profile.Seat) => ({ person, key: signatureKey, viewer })

const exported = (group: mls.Group, number: number): Promise<Uint8Array> =>
  mls.exporter(group, EXPORTER_LABEL, exporterContext(number), EXPORTED_SIZE)

const judged = ({ self, moderation, date }: Ground, change: Parameters<typeof judge>[0]): ReturnType<typeof judge> =>
  judge(change, moderation.policy, self.room, date())

// ---- Judging ----

/** Checks everything about a commit that needs no applying: form, admissions, kicks, generation. Throws MlsError. */
export async function check(ground: Ground, { group, roster }: Present, incoming: mls.Incoming): Promise<Judged> {
  const { self, links, moderation } = ground
  const { said, added, removed } = await profile.checkCommit(incoming, group, roster, self.room, links.present)
  const removes = removed.flatMap((leaf) => roster.get(leaf) ?? []).map(asComing)
  const { verdict } = await judged(ground, { adds: added.map(asComing), removes, admissions: said.a, kicks: said.k })
  if (verdict !== "ok") throw new mls.MlsError("profile", "people who may come in")
  const generation = said.g === undefined ? null : await begun(ground, group, said.g)
  const later = generation === null ? undefined : await generationKeys(generation.secret)
  const psk = await links.psk(generation?.number ?? links.present, moderation.policy, later)
  if (psk === null) throw new mls.MlsError("profile", "a psk that is known")
  return { added, removed, kicks: said.k.flatMap(signedIn), generation, psk }
}

function signedIn(bytes: Uint8Array): Signed[] {
  const entry = readEntry(bytes)
  return entry !== null && "signed" in entry ? [entry.signed] : []
}

/** The link generation that a commit begins. */
async function begun({ links, moderation }: Ground, group: mls.Group, g: Uint8Array): Promise<LinkGeneration> {
  const number = generationNumber(g)
  const opened = number === null ? null : await openGeneration(g, await exported(group, number), mls.groupId(group))
  if (opened === null || !(await follows(opened, links.present, moderation.policy.generation)))
    throw new mls.MlsError("profile", "the link generation that the rules want")
  return opened
}

// ---- Making ----

/**
 * Makes the commit that the server asks for, without those whom the rules do
 * not let in, and with fewer people when it would be too long. Null when there
 * is none that everybody would take.
 */
export async function draft(ground: Ground, present: Present, asked: Nominate): Promise<Draft | null> {
  const { self, moderation, date } = ground
  const { adds, removes, admissions, grants } = asked
  const seats = Array.from(present.roster.values())
  const leaving = seats.filter((s) => removes.some((r) => equal(r, s.person)) && !equal(s.person, self.person))
  const staying = seats.filter((s) => !leaving.includes(s))
  const offered = [...grants.map(own), ...entriesOf(admissions)].slice(0, 2 * ENTRIES_MAX)
  let coming = await sound(adds.slice(0, profile.ADDS_MAX), staying, self)
  let kicks = await removals(ground, leaving)
  for (;;) {
    const chosen = await choose(coming, leaving.map(asComing), offered, moderation.policy, self.room, date())
    const made = await change(ground, present, leaving, chosen.adds, chosen.admissions, kicks)
    if (made === null) return null
    if (made !== "too long") return { made, ...named(leaving, chosen.adds, removes) }
    if (coming.length > 1) coming = coming.slice(0, Math.ceil(coming.length / 2))
    else if (kicks.length > 0) kicks = []
    else return null
  }
}

/** Who is to be removed and added, and has no leaf, is as good as removed. */
function named(leaving: readonly profile.Seat[], coming: readonly Coming[], asked: readonly Uint8Array[]): Omit<Draft, "made"> {
  const absent = coming.filter((c) => asked.some((r) => equal(r, c.person)) && !leaving.some((s) => equal(s.person, c.person)))
  return { adds: coming.map((c) => c.person), removes: [...leaving, ...absent].map((s) => s.person) }
}

/** Makes the commit that begins the link generation which the rules want; null when there is none to begin. */
export async function rotation(ground: Ground, present: Present): Promise<Draft | null> {
  const { links, moderation } = ground
  const due = await links.due(moderation.policy)
  const psk = due && (await links.psk(due.number, moderation.policy))
  if (due === null || psk === null) return null
  const g = await sealGeneration(due, await exported(present.group, due.number), mls.groupId(present.group))
  const authenticatedData = profile.authenticate(profile.ROTATE, [], [], g)
  const made = await commit(ground, present, { adds: [], removes: [], psk, authenticatedData })
  return made === null || made === "too long" ? null : { made, adds: [], removes: [] }
}

async function change(
  ground: Ground,
  present: Present,
  leaving: readonly profile.Seat[],
  coming: readonly Coming[],
  admissions: readonly Bytes[],
  kicks: readonly Bytes[],
): Promise<mls.Pending | "too long" | null> {
  const { links, moderation } = ground
  const psk = await links.psk(links.present, moderation.policy)
  if (psk === null) return null
  const r = leaving.length + coming.length > 0 ? profile.CHANGE : profile.REFRESH
  const authenticatedData = profile.encodeStated({ r, a: admissions, k: kicks })
  if (authenticatedData === null) return "too long"
  return commit(ground, present, { adds: coming.map((c) => c.candidate), removes: leaving.map((s) => s.leaf), psk, authenticatedData })
}

/** A commit that this person would take from somebody else; null if there is none. */
async function commit(ground: Ground, present: Present, what: mls.Change): Promise<mls.Pending | "too long" | null> {
  let made: mls.Pending | null = null
  try {
    made = await mls.commit(present.group, what)
    const fits = made.commit.length <= profile.COMMIT_MAX && (made.welcome?.length ?? 0) <= profile.WELCOME_MAX
    if (fits) await check(ground, present, mls.readCommit(made.commit))
    else mls.erase(made.next, present.group)
    return fits ? made : "too long"
  } catch (e) {
    if (!(e instanceof mls.MlsError)) throw e
    if (made !== null) mls.erase(made.next, present.group)
    return null
  }
}

/** The statements that put these members out, as far as they are known and still count. */
async function removals(ground: Ground, leaving: readonly profile.Seat[]): Promise<readonly Bytes[]> {
  const known = leaving.flatMap((seat) => ground.moderation.removal(seat.id) ?? [])
  const entries: Bytes[] = []
  for (const entry of entriesOf(known).slice(0, ENTRIES_MAX)) {
    const alone = { adds: [], removes: leaving.map(asComing), admissions: [], kicks: [entry] }
    if ((await judged(ground, alone)).verdict === "ok") entries.push(entry)
  }
  return entries
}

/** Statements as entries of authenticated data, without those that are too long for one. */
const entriesOf = (signed: readonly Signed[]): readonly Bytes[] =>
  signed.flatMap((s) => {
    try {
      return [entryOf(s)]
    } catch {
      return [] // RangeError
    }
  })

/**
 * Those of `adds` whose KeyPackage is sound and their own, each once, and none
 * who would then be in the group twice. The others are left out in silence.
 */
async function sound(adds: Nominate["adds"], staying: readonly profile.Seat[], { room }: Self): Promise<readonly Coming[]> {
  const coming: Coming[] = []
  for (const { person, keyPackage } of adds) {
    const candidate = keyPackage.length > profile.KEY_PACKAGE_MAX ? null : await mls.readKeyPackage(keyPackage).catch(() => null)
    const owner = candidate === null ? null : await profile.ownerOf(candidate, room.leafMac)
    if (candidate === null || owner === null || !equal(owner.person, person)) continue
    const key = candidate.signatureKey
    const present = staying.some((s) => equal(s.person, person) || equal(s.signatureKey, key))
    const twice = coming.some((c) => equal(c.person, person) || equal(c.key, key))
    if (!present && !twice && coming.length + staying.length < profile.MEMBERS_MAX)
      coming.push({ person: owner.person, key, viewer: owner.role === profile.VIEWER, candidate })
  }
  return coming
}
