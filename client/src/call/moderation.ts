/** What moderators did, as the page tells it and as this person's devices obey it. Pure. */

import { toHex } from "../../../e2ee/worker/bytes.ts"
import type { Deed, PersonId } from "../../../e2ee/worker/port.ts"
import { devices, type Model, moderation, nameOf, notice, type Quiet, type QuietStep, type Source } from "./model.ts"
import type { Acted, SessionReport } from "./report.ts"
import { mayShare, maySpeak, type Room, selfOf } from "./room.ts"
import type { Event } from "./state.ts"

const EVENTS_MAX = 200

/** Names of people who knocked that are remembered: an admission names them when they are in the lobby no more. */
const NAMES_MAX = 256

type Did = Event["did"]

/** One thing that was done: to whom, or to nobody in particular (null). */
interface Done {
  readonly did: Did
  readonly people: readonly PersonId[] | null
}

const nobody = (did: Did): Done => ({ did, people: null })

const SWITCHES = [
  ["lobby", "lobby-on", "lobby-off"],
  ["locked", "lock", "unlock"],
  ["quiet", "quiet-on", "quiet-off"],
  ["chat", "chat-on", "chat-off"],
  ["share", "share-on", "share-off"],
  ["verify", "verify-on", "verify-off"],
  ["masked", "masked-on", "masked-off"],
] as const

const STOPPED = { microphone: "mute", camera: "stop-camera", screen: "stop-screen", hand: "lower-hand" } as const

/** What is in `after` and not in `before`, in hex. */
function news(before: readonly Uint8Array[], after: readonly Uint8Array[]): string[] {
  const old = new Set(before.map(toHex))
  return after.map(toHex).filter((one) => !old.has(one))
}

/** What changed between two sets of rules. `marks`: whose keys marks are. */
function changes({ policy, before }: Extract<Deed, { deed: "policy" }>, marks: ReadonlyMap<string, PersonId>): Done[] {
  const done: Done[] = SWITCHES.filter(([rule]) => policy[rule] !== before[rule]).map(([rule, on, off]) => nobody(policy[rule] ? on : off))
  if (policy.quiet === before.quiet) {
    const allowed = [...news(before.speakers, policy.speakers), ...news(policy.silenced, before.silenced)]
    const hushed = [...news(before.silenced, policy.silenced), ...news(policy.speakers, before.speakers)]
    done.push(
      ...allowed.map((p): Done => ({ did: "allow-speech", people: [p] })),
      ...hushed.map((p): Done => ({ did: "silence", people: [p] })),
    )
  }
  const dismissed = news(before.dismissed, policy.dismissed).map((mark) => marks.get(mark) ?? "")
  done.push(...dismissed.map((person): Done => ({ did: "dismiss", people: [person] })))
  if ((policy.generation?.number ?? 0) > (before.generation?.number ?? 0)) done.push(nobody("renew"))
  // Keys of people who are here are barred with their removal, which follows; other keys are those of tickets.
  const barred = news(before.barred, policy.barred)
  if (barred.length > 0 && !barred.some((mark) => marks.has(mark))) done.push(nobody("revoke"))
  return done
}

function doneBy(deed: Deed, marks: ReadonlyMap<string, PersonId>): Done[] {
  switch (deed.deed) {
    case "policy":
      return changes(deed, marks)
    case "admit":
      return [{ did: "admit", people: deed.people }]
    case "deny":
    case "appoint":
      return [{ did: deed.deed, people: [deed.person] }]
    case "remove":
      return [{ did: deed.how, people: [deed.person] }]
    case "stop":
      if (deed.person !== null) return [{ did: STOPPED[deed.source], people: [deed.person] }]
      return [nobody(deed.source === "microphone" ? "mute-all" : STOPPED[deed.source])]
    case "note":
    case "end":
      return []
  }
}

/** The name of somebody who is here, was here or waited. */
const named = (m: Model, person: PersonId): string => nameOf(m, person) || (m.names.get(person) ?? "")

/** Tells the room what a moderator did, and has this person's devices obey. */
export function acted(m: Model, { by, deed, self, marks, at }: Acted): QuietStep {
  const here = (person: PersonId): boolean => m.room?.members.some((x) => x.person === person) === true
  let next = m
  for (const { did, people } of doneBy(deed, marks)) {
    // A list that was tidied up names people who are gone.
    if ((did === "allow-speech" || did === "silence") && people?.every(here) === false) continue
    const mine = people === null ? did === "mute-all" && m.room?.own.role !== "moderator" : people.some((p) => p === self)
    const whom =
      people
        ?.map((person) => named(m, person))
        .filter((n) => n !== "")
        .join(", ") ?? ""
    next = told(next, { at, by: named(m, by), did, whom, self: mine })
  }
  return deed.deed === "stop" ? stopped(next, deed) : [next]
}

/** An event in the list, and as a notice; whoever is admitted is announced by name when it comes in. */
function told(m: Model, happened: Omit<Event, "id">): Model {
  const event: Event = { id: m.count + 1, ...happened }
  const listed = moderation({ ...m, count: m.count + 1 }, { events: [...m.state.moderation.events.slice(1 - EVENTS_MAX), event] })
  return event.did === "admit" ? listed : notice(listed, { say: "event", event })
}

/** A moderator turns something of this person's off. There is no deed that turns anything on. */
function stopped(m: Model, { person, source }: Extract<Deed, { deed: "stop" }>): QuietStep {
  if (m.room === null || source === "hand") return [m] // hands are the session's
  const mine = person === null ? m.room.own.role !== "moderator" : person === selfOf(m.room)
  return mine ? off(m, source) : [m]
}

/** Turns a device off, if it is on or about to be. */
function off(m: Model, source: Source): QuietStep {
  const is = m.state.devices[source]
  return is === "on" || is === "starting" ? [devices(m, { [source]: "off" }), { do: "stop", source }] : [m]
}

/**
 * What the rules ask of this person, after every step: what may not be on goes
 * off, and what was revoked before the meeting is ordered as soon as it can be.
 */
export function obeyed(m: Model): QuietStep {
  const { stage } = m.state
  const { room } = m
  const viewer = m.link.viewer && stage.at !== "start"
  const forbidden: Source[] = viewer ? ["microphone", "camera", "screen"] : []
  if (room !== null && !viewer && !maySpeak(room)) forbidden.push("microphone")
  if (room !== null && !viewer && !mayShare(room)) forbidden.push("screen")
  const effects: Quiet[] = []
  let next = m
  for (const source of forbidden) {
    const [after, ...more] = off(next, source)
    next = after
    effects.push(...more)
  }
  if (stage.at !== "call" || room?.own.role !== "moderator" || !m.invitations.some((i) => i.pending)) return [next, ...effects]
  for (const { pending, ticketKey } of m.invitations) if (pending) effects.push({ do: "order", order: { order: "revoke", ticketKey } })
  return [{ ...next, invitations: m.invitations.map((i) => ({ ...i, pending: false })) }, ...effects]
}

/** Says what the rules have come to mean for this person. */
export function ruled(m: Model, before: Room | null): QuietStep {
  const after = m.room
  if (before === null || after === null || m.state.stage.at !== "call") return [m]
  const [could, can] = [maySpeak(before), maySpeak(after)]
  if (could && !can) return [notice(m, { say: "silenced" })]
  if (!could && can) {
    const allowed = notice(m, { say: "may-speak" })
    return after.own.hand > 0 ? [allowed, { do: "hand", up: false }] : [allowed] // it was up to ask for this
  }
  const sharing = m.state.devices.screen === "on" || m.state.devices.screen === "starting"
  return [sharing && mayShare(before) && !mayShare(after) ? notice(m, { say: "share-not-allowed" }) : m]
}

type LobbyReport = Extract<
  SessionReport,
  { on: "lobby" | "knocked" | "lobby-full" | "replay" | "moderated" | "unconfirmed" | "generation" }
>

/** What only concerns who decides. */
export function ofModeration(m: Model, e: LobbyReport): QuietStep {
  switch (e.on) {
    case "lobby": {
      const names = new Map([...m.names, ...e.waiting.map((k): [PersonId, string] => [k.person, k.name])].slice(-NAMES_MAX))
      const asked = new Set([...m.asked].filter((person) => e.waiting.some((k) => k.person === person)))
      const shorter = e.waiting.length < m.lobby.length
      return [moderation({ ...m, lobby: e.waiting, asked, names }, shorter ? { lobbyFull: false } : {})]
    }
    case "knocked":
      return m.state.stage.at === "call" && m.room?.own.role === "moderator" ? [notice(m, { say: "knock" }), { do: "chime" }] : [m]
    case "lobby-full":
      return [moderation(m, { lobbyFull: true })]
    case "replay":
      return [told(m, { at: e.at, by: "", did: "replay", whom: e.person === null ? "" : named(m, e.person), self: false })]
    case "moderated":
      return [moderation(m, { present: e.present, endsAt: e.endsAt })]
    case "unconfirmed": {
      const people = e.order.order === "admit" ? e.order.people : e.order.order === "deny" ? [e.order.person] : []
      return [{ ...m, asked: new Set([...m.asked].filter((person) => !people.includes(person))) }]
    }
    case "generation":
      return [moderation(m, { renewed: true })]
  }
}
