/** The tiles of a call, from what is known of the people in it. Pure. */

import { CAMERA, type Context, type Member, type PersonId, SCREEN } from "../../../e2ee/worker/port.ts"
import type { Strength } from "../mask/treatment.ts"
import { bare, covers, maySpeak, NOTHING_SAID, type Room, selfOf } from "./room.ts"
import { silenced } from "./rules.ts"
import type { Tile } from "./state.ts"
import type { Showing } from "./subscribe.ts"

/** What is drawn of this person beyond what the room knows. */
export interface Self {
  readonly name: string
  readonly microphone: boolean
  readonly camera: MediaStream | null
  readonly masked: Strength // of the camera
  readonly screen: MediaStream | null
  readonly speaking: boolean
}

/** What passes by: who speaks, and who has just sent which emoji. */
export interface Moment {
  readonly speaking: ReadonlySet<PersonId>
  readonly reactions: ReadonlyMap<PersonId, string>
}

/** The raised hands, the longest first; of two raised at once, by person id, so that everybody sees one order. */
export function hands(room: Room): PersonId[] {
  const since = (m: Member): number => (m.self ? room.own.hand : (room.said.get(m.person)?.hand ?? 0))
  return room.members
    .map((m) => ({ person: m.person, since: since(m) }))
    .filter((h) => h.since > 0)
    .sort((a, b) => a.since - b.since || (a.person < b.person ? -1 : 1))
    .map((h) => h.person)
}

/**
 * One tile for each member of the group, this person first. Somebody whom the
 * server does not count among the people is away, not hidden: a member can
 * open what is said until the commit that removes the leaf.
 */
export function tiles(room: Room, showing: readonly Showing[], moment: Moment, self: Self): Tile[] {
  const order = hands(room)
  const stream = (person: PersonId, context: Context): MediaStream | null =>
    showing.find((s) => s.wanted.person === person && s.wanted.context === context)?.stream ?? null
  const common = ({ person, emoji }: Member) => ({
    person,
    emoji,
    hand: order.indexOf(person) + 1,
    reaction: moment.reactions.get(person) ?? "",
  })
  const other = (m: Member): Tile => {
    const said = room.said.get(m.person) ?? NOTHING_SAID
    const unmasked = !m.viewer && bare(room, said.media)
    const mute = m.viewer || silenced(room.rules, m.person, said.moderator)
    return {
      ...common(m),
      self: false,
      name: said.name,
      moderator: said.moderator,
      appointed: said.appointed,
      role: m.viewer ? "viewer" : said.moderator ? "moderator" : "participant",
      microphone: said.media.microphone !== "" && !mute,
      camera: said.media.camera !== "" && !m.viewer,
      masked: m.viewer ? "off" : (said.media.mask ?? "off"),
      unmasked,
      video: unmasked ? null : stream(m.person, CAMERA),
      screen: stream(m.person, SCREEN),
      speaking: moment.speaking.has(m.person) && !mute,
      away: room.presence.get(m.person)?.away ?? true,
      maySpeak: !mute,
      compared: covers(said.compared, room.members),
    }
  }
  const own = (m: Member): Tile => ({
    ...common(m),
    self: true,
    name: self.name,
    moderator: room.own.role === "moderator",
    appointed: room.own.role === "moderator" && !room.own.holder,
    role: room.own.role,
    microphone: self.microphone,
    camera: self.camera !== null,
    masked: self.camera === null ? "off" : self.masked,
    unmasked: false,
    video: self.camera,
    screen: self.screen,
    speaking: self.speaking,
    away: false,
    maySpeak: maySpeak(room),
    compared: covers(room.own.compared, room.members),
  })
  const me = selfOf(room)
  return [...room.members.filter((m) => m.person === me).map(own), ...room.members.filter((m) => m.person !== me).map(other)]
}
