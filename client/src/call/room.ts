/**
 * Who is in the room, as this browser knows it. Pure values.
 *
 * Two sources are kept apart. The group (MLS) says who can read what is said:
 * its members are shown, and all of them. The server says who is connected and
 * what it forwards: it can make somebody look away, but never add, hide, name
 * or promote anybody. The rules are a moderator's, signed.
 */

import type { Context, Media, Member, PersonId } from "../../../e2ee/worker/port.ts"
import { CAMERA, MICROPHONE, SCREEN, SCREEN_AUDIO } from "../../../e2ee/worker/port.ts"
import { FIRST_RULES, type Rules, silenced } from "./rules.ts"
import type { Role } from "./state.ts"

interface Track {
  readonly mid: string
  readonly kind: string
}

/** What the server says of somebody. */
interface Presence {
  readonly away: boolean
  readonly tracks: readonly Track[]
}

/** Signature keys of members, in hex. */
export type Keys = ReadonlySet<string>

/** What somebody said of themselves, signed and sealed. */
export interface Said {
  readonly name: string
  readonly moderator: boolean
  readonly appointed: boolean // a moderator whose appointment can be withdrawn
  readonly media: Media
  readonly hand: number // raised since, ms since 1970 by their clock; 0: down
  readonly compared: Keys | null // of whose members they have compared the safety code
}

/** What only this browser knows of its own person. */
export interface Own {
  readonly role: Role
  readonly holder: boolean // of the moderator link
  readonly hand: number
  readonly compared: Keys | null
  readonly doubted: ReadonlySet<PersonId> // members whose removal this person ordered and nobody confirmed
}

export interface Room {
  readonly members: readonly Member[]
  readonly presence: ReadonlyMap<PersonId, Presence>
  readonly said: ReadonlyMap<PersonId, Said>
  readonly rules: Rules
  readonly own: Own
}

export const NO_MEDIA: Media = { microphone: "", camera: "", screen: "", screenAudio: "" }
export const NOTHING_SAID: Said = { name: "", moderator: false, appointed: false, media: NO_MEDIA, hand: 0, compared: null }
export const EMPTY: Room = {
  members: [],
  presence: new Map(),
  said: new Map(),
  rules: FIRST_RULES,
  own: { role: "participant", holder: false, hand: 0, compared: null, doubted: new Set() },
}

const put = <K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> => new Map(map).set(key, value)

export function withPresence(r: Room, person: PersonId, change: Partial<Presence>): Room {
  const old = r.presence.get(person) ?? { away: false, tracks: [] }
  return { ...r, presence: put(r.presence, person, { ...old, ...change }) }
}

export function withoutPresence(r: Room, person: PersonId): Room {
  const presence = new Map(r.presence)
  presence.delete(person)
  return { ...r, presence }
}

/**
 * The members of a new epoch. What the others have said of themselves stays
 * valid for those who stay under the same key: whoever has the link can take
 * the id of another, but not the key under which name and star were signed.
 */
export function withMembers(r: Room, members: readonly Member[]): Room {
  const before = new Map(r.members.map((m) => [m.person, m.key]))
  const stay = new Set(members.filter((m) => before.get(m.person) === m.key).map((m) => m.person))
  const doubted = new Set([...r.own.doubted].filter((person) => stay.has(person)))
  return { ...r, members, said: new Map([...r.said].filter(([person]) => stay.has(person))), own: { ...r.own, doubted } }
}

export function withSaid(r: Room, person: PersonId, change: Partial<Said>): Room {
  return { ...r, said: put(r.said, person, { ...(r.said.get(person) ?? NOTHING_SAID), ...change }) }
}

export const withOwn = (r: Room, change: Partial<Own>): Room => ({ ...r, own: { ...r.own, ...change } })

export const selfOf = (r: Room): PersonId | null => r.members.find((m) => m.self)?.person ?? null

export const keysOf = (members: readonly Member[]): Keys => new Set(members.map((m) => m.key))

/**
 * Whether a comparison of the safety code still says something of everybody
 * here: who has come since was not in it; who has gone does no harm.
 */
export const covers = (compared: Keys | null, members: readonly Member[]): boolean =>
  compared !== null && members.every((m) => compared.has(m.key))

/** Whether the person itself may speak, as far as is known. */
export function maySpeak(r: Room): boolean {
  const self = selfOf(r)
  return r.own.role !== "viewer" && (self === null || !silenced(r.rules, self, r.own.role === "moderator"))
}

/** Whether the person itself may show its screen. */
export const mayShare = (r: Room): boolean => r.own.role === "moderator" || (r.own.role === "participant" && r.rules.share)

/**
 * What this person may send now. Nothing before its own place in the group is
 * known, nothing as a viewer, nothing while somebody it removed may still
 * listen, and where the safety code must be compared, nothing before that.
 */
export function sendable(r: Room): ReadonlySet<Context> {
  const { members, rules, own } = r
  const closed = own.role === "viewer" || own.doubted.size > 0 || (rules.verify && !covers(own.compared, members))
  if (closed || selfOf(r) === null) return new Set()
  const all: Context[] = [CAMERA]
  if (maySpeak(r)) all.push(MICROPHONE)
  if (mayShare(r)) all.push(SCREEN)
  if (maySpeak(r) && mayShare(r)) all.push(SCREEN_AUDIO)
  return new Set(all)
}

/** A track somebody says they send and the server says it has. */
export interface Wanted {
  readonly person: PersonId
  readonly leaf: number
  readonly context: Context
  readonly mid: string
  readonly kind: "audio" | "video"
}

const SOURCES = [
  ["microphone", MICROPHONE, "audio"],
  ["camera", CAMERA, "video"],
  ["screen", SCREEN, "video"],
  ["screenAudio", SCREEN_AUDIO, "audio"],
] as const

/** Whether somebody's camera says that it has no mask where the room wants one. Moderators' too. */
export const bare = ({ rules }: Room, { camera, mask }: Media): boolean => rules.masked && camera !== "" && mask === undefined

/** What of somebody's media the rules allow to be received, whatever its browser sends. */
function receivable(r: Room, { person, viewer }: Member, { moderator, media }: Said, context: Context): boolean {
  if (viewer || (context === CAMERA && bare(r, media))) return false
  if ((context === MICROPHONE || context === SCREEN_AUDIO) && silenced(r.rules, person, moderator)) return false
  return moderator || r.rules.share || (context !== SCREEN && context !== SCREEN_AUDIO)
}

/** Everything this browser wants to receive, in the members' order. */
export function wanted(r: Room): Wanted[] {
  const all: Wanted[] = []
  for (const member of r.members) {
    const { person, leaf, self } = member
    const said = r.said.get(person)
    const presence = r.presence.get(person)
    if (self || said === undefined || presence === undefined) continue
    for (const [source, context, kind] of SOURCES) {
      const mid = said.media[source]
      if (!receivable(r, member, said, context)) continue
      if (mid !== "" && presence.tracks.some((t) => t.mid === mid && t.kind === kind)) {
        all.push({ person, leaf, context, mid, kind })
      }
    }
  }
  return all
}
