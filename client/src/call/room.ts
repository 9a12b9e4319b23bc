/**
 * Who is in the room, as this browser knows it. Pure values.
 *
 * Two sources are kept apart. The group (MLS) says who can read what is said:
 * its members are shown, and all of them. The server says who is connected and
 * what it forwards: it can make somebody look away, but never add, hide, name
 * or promote anybody.
 */

import type { Context, Media, Member, PersonId } from "../../../e2ee/worker/port.ts"
import { CAMERA, MICROPHONE, SCREEN, SCREEN_AUDIO } from "../../../e2ee/worker/port.ts"

export interface Track {
  readonly mid: string
  readonly kind: string
}

/** What the server says of somebody. */
export interface Presence {
  readonly away: boolean
  readonly tracks: readonly Track[]
}

/** What somebody said of themselves, signed and sealed. */
export interface Said {
  readonly name: string
  readonly moderator: boolean
  readonly media: Media
}

export interface Room {
  readonly members: readonly Member[]
  readonly presence: ReadonlyMap<PersonId, Presence>
  readonly said: ReadonlyMap<PersonId, Said>
}

export const EMPTY: Room = { members: [], presence: new Map(), said: new Map() }
export const NO_MEDIA: Media = { microphone: "", camera: "", screen: "", screenAudio: "" }

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
  return { ...r, members, said: new Map([...r.said].filter(([person]) => stay.has(person))) }
}

export function withSaid(r: Room, person: PersonId, said: Said): Room {
  return { ...r, said: put(r.said, person, said) }
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

/** Everything this browser wants to receive, in the members' order. */
export function wanted(r: Room): Wanted[] {
  const all: Wanted[] = []
  for (const { person, leaf, self } of r.members) {
    const media = r.said.get(person)?.media
    const presence = r.presence.get(person)
    if (self || media === undefined || presence === undefined) continue
    for (const [source, context, kind] of SOURCES) {
      const mid = media[source]
      if (mid !== "" && presence.tracks.some((t) => t.mid === mid && t.kind === kind)) {
        all.push({ person, leaf, context, mid, kind })
      }
    }
  }
  return all
}
