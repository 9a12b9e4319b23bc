/** What becomes of the room by what the server tells, what others say and what moderators do. Pure. */

import { toHex } from "../../../e2ee/worker/bytes.ts"
import type { Deed, FromGroup, Order, PersonId } from "../../../e2ee/worker/port.ts"
import type { ServerMessage, Person as WirePerson } from "../wire/messages.gen.ts"
import { personId } from "./person.ts"
import { type Keys, type Room, withOwn, withoutPresence, withPresence, withSaid } from "./room.ts"
import { rulesOf } from "./rules.ts"

export type PresenceMessage = Extract<ServerMessage, { t: "arrived" | "away" | "back" | "left" | "tracks" }>

export const presences = (people: readonly WirePerson[]): Room["presence"] =>
  new Map(people.map((p) => [personId(p.id), { away: p.away, tracks: p.tracks }]))

export function withMessage(r: Room, m: PresenceMessage): Room {
  switch (m.t) {
    case "arrived":
      return withPresence(r, personId(m.person.id), { away: m.person.away, tracks: m.person.tracks })
    case "away":
    case "back":
      return withPresence(r, personId(m.person), { away: m.t === "away" })
    case "left":
      return withoutPresence(r, personId(m.person))
    case "tracks":
      return withPresence(r, personId(m.person), { tracks: m.tracks })
  }
}

type Heard = Extract<FromGroup, { on: "heard" }>

/** `epochs`: the members' keys of the last epochs, by number. */
export function withHeard(r: Room, { from, moderator, appointed, epoch, message }: Heard, epochs: ReadonlyMap<number, Keys>): Room {
  const who = { moderator, appointed }
  switch (message.t) {
    case "hello":
      return withSaid(r, from, { ...who, name: message.name, media: message.media, hand: message.hand })
    case "media":
      return withSaid(r, from, { ...who, media: message.media })
    case "hand":
      return withSaid(r, from, { ...who, hand: message.since })
    case "compared":
      return withSaid(r, from, { ...who, compared: epochs.get(epoch) ?? null })
    case "chat":
    case "reaction":
    case "speaking":
      return r
  }
}

/** Whether a chat line counts: to everybody only from those who may. */
export function hears(r: Room, { from, moderator, alone }: Heard): boolean {
  const viewer = r.members.some((m) => m.person === from && m.viewer)
  return !viewer && (alone || moderator || r.rules.chat)
}

/** The rules that hold now, however they came, whom they dismiss, and whether this person may give orders under them. `marks` as in withDeed. */
export function withRules(
  r: Room,
  { policy, moderator }: Extract<FromGroup, { on: "policy" }>,
  marks: ReadonlyMap<string, PersonId>,
): Room {
  const role = r.own.role === "viewer" ? "viewer" : moderator ? "moderator" : "participant"
  return withOwn(withDismissed({ ...r, rules: rulesOf(policy) }, policy.dismissed, marks), { role })
}

/** Those whom these marks name are moderators no more. */
function withDismissed(r: Room, dismissed: readonly Uint8Array[], marks: ReadonlyMap<string, PersonId>): Room {
  const gone = dismissed.map((mark) => marks.get(toHex(mark)) ?? "").filter((person) => r.said.get(person)?.appointed === true)
  return gone.reduce((room, person) => withSaid(room, person, { moderator: false, appointed: false }), r)
}

/** `marks`: whose keys the marks in a policy are, in hex. */
export function withDeed(r: Room, deed: Deed, marks: ReadonlyMap<string, PersonId>): Room {
  switch (deed.deed) {
    case "stop":
      return deed.source === "hand" ? handsDown(r, deed.person) : r
    case "appoint":
      return r.members.some((m) => m.person === deed.person && !m.self) ? withSaid(r, deed.person, { moderator: true, appointed: true }) : r
    case "policy":
      return withDismissed(r, deed.policy.dismissed, marks)
    default:
      return r
  }
}

/** Hands that a moderator took down are down, whatever their owners' browsers say. Without a person: those of all but moderators. */
function handsDown(r: Room, person: PersonId | null): Room {
  return r.members.reduce((room, m) => {
    const moderator = m.self ? r.own.role === "moderator" : r.said.get(m.person)?.moderator === true
    if (person === null ? moderator : person !== m.person) return room
    if (m.self) return withOwn(room, { hand: 0 })
    return r.said.has(m.person) ? withSaid(room, m.person, { hand: 0 }) : room
  }, r)
}

/** A removal that nobody confirmed: whoever was to go may still listen. */
export function withDoubt(r: Room, order: Order): Room {
  const removal = order.order === "remove" || order.order === "ban" || order.order === "lobby"
  if (!removal || !r.members.some((m) => m.person === order.person)) return r
  return withOwn(r, { doubted: new Set(r.own.doubted).add(order.person) })
}
