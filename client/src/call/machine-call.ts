/** What follows from what a session reports, from the click on "Join" to the end. Pure. */

import { alone, inCall, type Model, moderation, nameOf, notice, prejoin, type QuietStep, set } from "./model.ts"
import { acted, ofModeration, ruled } from "./moderation.ts"
import type { SessionReport } from "./report.ts"
import type { Room } from "./room.ts"
import type { ChatLine, End, Event as Happened } from "./state.ts"

/** Chat lines kept: whoever writes without end fills nobody's memory. */
const CHAT_MAX = 1000

/** Notes kept while waiting. */
const NOTES_MAX = 20

export function ofCall(m: Model, e: SessionReport): QuietStep {
  switch (e.on) {
    case "waiting":
    case "note":
    case "securing":
    case "live":
    case "reconnecting":
    case "reconnected":
      return onTheWay(m, e)
    case "room": {
      const [next, ...effects] = ruled({ ...m, room: e.room, showing: e.showing }, m.room)
      return [arrivals(next, m.room), ...effects]
    }
    case "speaking":
      return [{ ...m, speaking: e.people }]
    case "chat":
      return [line(m, e)]
    case "reaction": {
      const number = m.count + 1
      const reactions = new Map(m.reactions).set(e.from, { emoji: e.emoji, number })
      return [
        { ...m, reactions, count: number },
        { do: "fade", person: e.from, reaction: number },
      ]
    }
    case "epoch": // the code changes with the members
      return m.state.panel === "code" ? [set(m, { code: null }), { do: "code" }] : [set(m, { code: null })]
    case "code":
      return [set(m, { code: e.code })]
    case "acted":
      return acted(m, e)
    case "lobby":
    case "knocked":
    case "lobby-full":
    case "replay":
    case "moderated":
    case "unconfirmed":
    case "generation":
      return ofModeration(m, e)
    case "renew":
      return renewed(m, e.why)
    case "refused":
      return refused(m, e)
    case "ended":
      return ended(m, e.why)
  }
}

type Way = Extract<SessionReport, { on: "waiting" | "note" | "securing" | "live" | "reconnecting" | "reconnected" }>

/** Into the call, and back into it. */
function onTheWay(m: Model, e: Way): QuietStep {
  const { stage } = m.state
  switch (e.on) {
    case "waiting": {
      const joining = { at: "joining", waiting: e.for, notes: stage.at === "joining" ? stage.notes : [] } as const
      if (stage.at === "joining") return [set(m, { stage: joining, encryption: "securing" })]
      return [set(forgotten(m), { stage: joining, encryption: "securing" }), { do: "release" }] // put out of a call
    }
    case "note":
      return [stage.at === "joining" ? set(m, { stage: { ...stage, notes: [...stage.notes.slice(1 - NOTES_MAX), e.text] } }) : m]
    case "securing":
      return [set(m, { encryption: "securing", ...(stage.at === "joining" ? { stage: { ...stage, waiting: "keys" } } : {}) })]
    case "live": {
      const next = set(
        { ...m, met: new Set(m.room?.members.map((p) => p.person)), entry: { ...m.entry, host: "none", waitUntil: 0 } },
        { stage: { at: "call", connection: "good", since: stage.at === "call" ? stage.since : e.at }, encryption: "encrypted" },
      )
      const promised = stage.at === "joining" && m.link.masked && m.room?.rules.masked === false
      return [promised ? notice(next, { say: "masked-no-more" }) : next]
    }
    case "reconnecting":
      return [stage.at === "call" ? set(m, { stage: { ...stage, connection: "reconnecting" }, encryption: "securing" }) : m]
    case "reconnected":
      if (stage.at !== "call") return [m]
      return [notice(set(m, { stage: { ...stage, connection: "good" }, encryption: "encrypted" }), { say: "reconnected" })]
  }
}

/** Without anybody who was there, and anything they said. */
const forgotten = (m: Model): Model => set(alone(m), { chat: [], unread: 0 })

/** The stay is over, the person comes as a new one: because the server has forgotten it, or as a moderator wants it. */
function renewed(m: Model, why: "expired" | "lobby"): QuietStep {
  const stage = { at: "joining", waiting: "connection", notes: [] } as const
  const join = { do: "join", ...m.typed } as const
  if (why === "expired") return [set(alone(m), { stage, encryption: "securing" }), join]
  const event = { id: m.count + 1, at: 0, by: "", did: "lobby", whom: m.state.name, self: true } as const
  const said = m.state.notice?.say === "event" && m.state.notice.event.did === "lobby" ? m : notice(m, { say: "event", event })
  return [set(forgotten(said), { stage, encryption: "securing" }), { do: "release" }, join]
}

const ENDS: Readonly<Record<Extract<SessionReport, { on: "refused" }>["code"], End>> = {
  proof: "proof",
  full: "full",
  busy: "busy",
  throttled: "throttled",
  ticket: "ticket",
  early: "early",
  late: "late",
  used: "used",
  barred: "barred",
  denied: "denied",
  generation: "replaced",
  host: "proof", // whoever has no moderator link cannot open a room
  // These three do not end a stay: what is wanted is asked for, and a new stay is begun.
  passphrase: "proof",
  expired: "lost",
  taken: "lost",
}

/** No entry: what is missing is asked for where the person can give it. */
function refused(m: Model, { code, until }: Extract<SessionReport, { on: "refused" }>): QuietStep {
  const { entry, typed } = m
  const asks = code === "passphrase" || (code === "throttled" && (typed.passphrase !== "" || entry.passphrase !== "none"))
  if (asks) {
    const passphrase = code === "passphrase" && typed.passphrase !== "" ? "wrong" : "wanted"
    const next = { ...m, typed: { ...typed, passphrase: "" }, entry: { ...entry, passphrase, waitUntil: until } as const }
    // Whoever waited was told that the page goes on by itself, and may look elsewhere.
    const waited = m.state.stage.at === "joining" && m.state.stage.waiting !== "connection"
    return [prejoin(next), { do: "prepare" }, ...(waited ? [{ do: "chime" } as const] : [])]
  }
  if (code === "host" && m.link.moderator) {
    const host = typed.host === "" ? "wanted" : "wrong"
    return [prejoin({ ...m, typed: { ...typed, host: "" }, entry: { ...entry, host, waitUntil: until } }), { do: "prepare" }]
  }
  return ended({ ...m, entry: { ...entry, waitUntil: until } }, ENDS[code])
}

function ended(m: Model, why: End): QuietStep {
  if (!inCall(m)) return [m]
  // Whoever comes again is asked again: the words are not kept.
  const passphrase = m.typed.passphrase === "" ? m.entry.passphrase : "wanted"
  const next = { ...m, typed: { passphrase: "", host: "" }, entry: { ...m.entry, passphrase } }
  const encryption = why === "unencrypted" || why === "broken" ? "broken" : "securing"
  const { role, rules } = m.state.moderation
  const others = m.state.tiles.filter((t) => !t.self)
  const unmoderated = why === "left" && others.length > 0 && others.every((t) => !t.moderator)
  const after = set(forgotten(next), { stage: { at: "ended", why }, notice: null, encryption })
  // What becomes of a meeting that its last moderator has left is told afterwards too.
  return [unmoderated ? moderation(after, { role, rules }) : after, { do: "release" }]
}

function line(m: Model, { from, with: other, text, at }: Extract<SessionReport, { on: "chat" }>): Model {
  const self = m.state.tiles.some((t) => t.person === from && t.self)
  const said: ChatLine = {
    id: m.count + 1,
    from,
    name: nameOf(m, from),
    self,
    text,
    at,
    to: other === null ? null : nameOf(m, other),
  }
  const unread = m.state.panel === "chat" || self ? m.state.unread : m.state.unread + 1
  return { ...set(m, { chat: [...m.state.chat.slice(1 - CHAT_MAX), said], unread }), count: m.count + 1 }
}

/** Says who came and who went. A name is known only once the signed hello is there. */
function arrivals(m: Model, before: Room | null): Model {
  const after = m.room
  if (before === null || after === null || m.state.stage.at !== "call") return m
  const came = [...after.said].find(([p, s]) => (before.said.get(p)?.name ?? "") === "" && !m.met.has(p) && s.name !== "")
  if (came !== undefined) return notice(m, { say: "arrived", name: came[1].name })
  const went = [...before.said].find(([p]) => !after.members.some((x) => x.person === p))
  return went === undefined || putOut(m, went[1].name) ? m : notice(m, { say: "left", name: went[1].name })
}

const PUT_OUT: ReadonlySet<Happened["did"]> = new Set(["remove", "ban", "lobby", "replay"])

/** Whether it was just told why somebody was put out: that says more than that they have left. */
const putOut = (m: Model, name: string): boolean => m.state.moderation.events.slice(-3).some((e) => PUT_OUT.has(e.did) && e.whom === name)
