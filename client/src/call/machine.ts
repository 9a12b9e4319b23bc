/**
 * What follows from what happens, as a pure function: a state and an event
 * give the next state and what the world should do about it (run.ts does it).
 * This file has what a person does, and what the page and its devices report;
 * machine-call.ts has what a call reports.
 */

import type { Order } from "../../../e2ee/worker/port.ts"
import { ofCall } from "./machine-call.ts"
import { cameraChosen, cameraOn, marked, ofMasking, ofTreated, required, wanted } from "./masking.ts"
import { doingOf, may } from "./may.ts"
import { devices, drawn, inCall, type Model, notice, prejoin, type QuietStep, START, type Step, set, unlinked } from "./model.ts"
import { obeyed } from "./moderation.ts"
import type { DeviceReport, PageReport, Report } from "./report.ts"
import { mayShare, maySpeak } from "./room.ts"
import { possible } from "./rules.ts"
import type { Action } from "./state.ts"

export { type Effect, first, type Model } from "./model.ts"
export type { Report } from "./report.ts"

export type Event = Action | Report

export function step(m: Model, e: Event): Step {
  const [next, ...effects] = "do" in e ? act(m, e) : report(m, e)
  if (next === m) return [m, ...effects]
  const [obedient, ...more] = obeyed(next)
  const [veiled, ...masks] = required(obedient, wanted(obedient))
  const [after, ...marks] = marked(veiled)
  return [drawn(after), ...effects, ...more, ...masks, ...marks]
}

/** What a person does. The only way to an effect that turns a device on. */
function act(m: Model, e: Action): Step {
  const { state } = m
  switch (e.do) {
    case "rules":
    case "new-meeting":
    case "invite":
    case "revoke":
      return ofMeeting(m, e)
    case "microphone":
    case "camera":
    case "screen":
      return e.on ? turnOn(m, e.do) : [m, { do: "stop", source: e.do }]
    case "choose": {
      const chosen = devices(m, { chosen: { ...state.devices.chosen, [e.kind]: e.id } })
      if (e.kind === "speaker") return [chosen, { do: "speaker", id: e.id }]
      const next = e.kind === "camera" ? cameraChosen(chosen) : chosen
      const on = state.devices[e.kind] === "on" || state.devices[e.kind] === "starting"
      return on ? open(next, e.kind) : [next]
    }
    case "treat":
    case "zones-screen":
    case "zones-confirm":
    case "zones-remember":
      return ofMasking(m, e)
    case "say":
    case "hand":
    case "react":
    case "compared":
    case "order":
      return state.stage.at === "call" ? inside(m, e) : [m]
    case "passphrase":
      return [{ ...m, typed: { ...m.typed, passphrase: e.passphrase.trim() } }]
    case "host":
      return [{ ...m, typed: { ...m.typed, host: e.host.trim() } }]
    case "name":
    case "copy":
    case "pin":
    case "drawn":
    case "panel":
    case "language":
    case "theme":
    case "codec":
    case "hide-self":
    case "dismiss":
      return look(m, e)
    default:
      return move(m, e)
  }
}

type Doing<Name extends Action["do"]> = Extract<Action, { do: Name }>

/** From page to page. */
function move(m: Model, e: Doing<"open-link" | "echo-test" | "join" | "leave" | "again" | "home">): Step {
  const { state } = m
  switch (e.do) {
    case "open-link":
      return inCall(m) ? [m] : [m, { do: "open-link", link: e.link }]
    case "echo-test":
      return state.stage.at === "prejoin" ? [m, { do: "echo", on: e.on }] : [m]
    case "join":
      if (state.stage.at !== "prejoin" || state.name.trim() === "") return [m]
      return [
        set(m, { stage: { at: "joining", waiting: "connection", notes: [] }, encryption: "securing" }),
        { do: "echo", on: false },
        { do: "join", ...m.typed },
      ]
    case "leave":
      return inCall(m) ? [m, { do: "leave" }] : [m]
    case "again":
      return state.stage.at === "ended" ? [prejoin(m), { do: "prepare" }] : [m]
    case "home":
      if (inCall(m)) return [m]
      return [set(unlinked({ ...m, invitations: [] }), { stage: START, links: null }), { do: "release" }, { do: "forget-link" }]
  }
}

/** What stands on the page, and how it looks. */
function look(
  m: Model,
  e: Doing<"name" | "copy" | "pin" | "drawn" | "panel" | "language" | "theme" | "codec" | "hide-self" | "dismiss">,
): Step {
  switch (e.do) {
    case "name":
      return [set(m, { name: e.name })]
    case "copy":
      return [m, { do: "copy", text: e.text }]
    case "pin":
      return [set(m, { pinned: e.person })]
    case "drawn":
      return inCall(m) ? [m, { do: "drawn", drawings: e.drawings }] : [m]
    case "panel": {
      const panel = m.state.panel === e.panel ? "none" : e.panel
      const opened = set(m, { panel, ...(panel === "chat" ? { unread: 0 } : {}), ...(panel === "code" ? { code: null } : {}) })
      return panel === "code" ? [opened, { do: "code" }] : [opened]
    }
    case "language":
      return [set(m, { language: e.language }), { do: "keep" }]
    case "theme":
      return [set(m, { theme: e.theme }), { do: "keep" }]
    case "codec":
      return [set(m, { codec: e.codec }), { do: "codec" }]
    case "hide-self":
      return [set(m, { hideSelf: e.on })]
    case "dismiss":
      return [set(m, { notice: null })]
  }
}

/** A click on a device's button. In a call only what the rules allow is turned on. */
function turnOn(m: Model, source: "microphone" | "camera" | "screen"): Step {
  const { room, link } = m
  if (link.viewer || room?.own.role === "viewer") return [m]
  if (source === "screen" && room !== null && !mayShare(room)) return [notice(m, { say: "share-not-allowed" })]
  if (source === "microphone" && room !== null && !maySpeak(room)) return [notice(m, { say: "silenced" })]
  return open(m, source)
}

/** A camera and a screen are opened only after it is said how they are to be treated. */
function open(m: Model, source: "microphone" | "camera" | "screen"): Step {
  if (source === "microphone") return [m, { do: "capture", source }]
  const [next, ...effects] = cameraOn(m, source)
  return [next, ...effects, { do: "capture", source }]
}

/** A meeting before it begins, and its invitations, also later. */
function ofMeeting(m: Model, e: Doing<"rules" | "new-meeting" | "invite" | "revoke">): Step {
  const { stage } = m.state
  const holds = stage.at === "start" ? stage.links !== null : stage.at === "call" && m.room?.own.holder === true
  switch (e.do) {
    case "rules":
      return stage.at === "start" && stage.links === null && !stage.making ? [set(m, { stage: { ...stage, rules: e.rules } })] : [m]
    case "new-meeting":
      if (stage.at !== "start" || stage.making || !possible(stage.rules)) return [m]
      return [
        { ...set(m, { stage: { ...stage, links: null, making: true } }), invitations: [] },
        { do: "make-links", rules: stage.rules },
      ]
    case "invite": {
      const { do: _do, ...wish } = e
      return holds ? [m, { do: "invite", ...wish }] : [m]
    }
    case "revoke": {
      const made = m.invitations.find((i) => i.id === e.invitation)
      if (!holds || made === undefined || made.revoked) return [m]
      // The page that made the links cannot order anything yet: obeyed does it once it can.
      const invitations = m.invitations.map((i) => (i === made ? { ...i, revoked: true, pending: true } : i))
      return [{ ...m, invitations }]
    }
  }
}

/** What somebody does who is in. */
function inside(m: Model, e: Doing<"say" | "hand" | "react" | "compared" | "order">): QuietStep {
  const { room } = m
  if (room === null) return [m]
  const part = room.own.role === "moderator" && room.own.holder ? "holder" : room.own.role
  switch (e.do) {
    case "say": {
      const text = e.text.trim()
      // What the others would drop is not said.
      const heard = part !== "viewer" && (e.to !== null || room.rules.chat || may(part, "rules"))
      return text !== "" && heard ? [m, { do: "say", text, to: e.to }] : [m]
    }
    case "hand":
      return [m, { do: "hand", up: e.up }]
    case "react":
      return [m, { do: "react", emoji: e.emoji }]
    case "compared":
      // A code that is being computed was compared by nobody.
      if (m.state.code === null) return [m]
      return [m, { do: e.matches ? "compared" : "leave" }]
    case "order": {
      const holder = "person" in e.order && e.order.person !== null && seated(m, e.order.person)
      if (!may(part, doingOf(e.order, holder))) return [m]
      return [
        { ...m, asked: asks(m, e.order) },
        { do: "order", order: e.order },
      ]
    }
  }
}

/** Whether somebody has the moderator link. */
const seated = (m: Model, person: string): boolean => m.state.tiles.some((t) => t.person === person && t.moderator && !t.appointed)

function asks({ asked }: Model, order: Order): ReadonlySet<string> {
  if (order.order === "admit") return new Set([...asked, ...order.people])
  return order.order === "deny" ? new Set(asked).add(order.person) : asked
}

// ---- What is reported ----

/** Nothing that is reported turns a device on: a QuietStep has no effect that could. */
function report(m: Model, e: Report): QuietStep {
  switch (e.on) {
    case "links":
    case "linked":
    case "invited":
    case "opened":
    case "returned":
    case "copied":
    case "faded":
      return ofPage(m, e)
    case "devices":
    case "capture":
    case "device-lost":
    case "level":
    case "preview":
    case "echo":
    case "standing":
    case "sight":
      return ofDevices(m, e)
    default:
      return inCall(m) ? ofCall(m, e) : [m]
  }
}

function ofPage(m: Model, e: PageReport): QuietStep {
  const { stage } = m.state
  switch (e.on) {
    case "links":
      return stage.at === "start" && stage.making ? [set(m, { stage: { ...stage, links: e.links, making: false } })] : [m]
    case "linked":
      return [set(m, { links: e.links })]
    case "invited":
      return [{ ...m, invitations: [...m.invitations, { ...e.invitation, id: m.count + 1 }], count: m.count + 1 }]
    case "opened":
      return opened(m, e)
    case "returned": {
      const back = set(m, { name: e.name, stage: { at: "joining", waiting: "connection", notes: [] } })
      return [e.silent ? notice(back, { say: "devices-off-after-reload" }) : back]
    }
    case "copied":
      return [notice(m, { say: "copied" })]
    case "faded": {
      if (m.reactions.get(e.person)?.number !== e.reaction) return [m] // another one has come since
      const reactions = new Map(m.reactions)
      reactions.delete(e.person)
      return [{ ...m, reactions }]
    }
  }
}

function opened(m: Model, e: Extract<Report, { on: "opened" }>): QuietStep {
  if (e.link === "none") return [m]
  if (e.link === "bad") return [set(m, { stage: { at: "bad-link" } })]
  const link = { moderator: e.link === "moderator", viewer: e.viewer, ticket: e.ticket, masked: e.masked }
  const next = { ...unlinked(m), link, invitations: e.own ? m.invitations : [] }
  return [set(prejoin(next), { links: e.links }), { do: "prepare" }]
}

const FAULTS = { missing: "device-missing", busy: "device-busy" } as const

function ofDevices(m: Model, e: DeviceReport): QuietStep {
  const { stage } = m.state
  switch (e.on) {
    case "devices":
      return [devices(m, { list: e.list })]
    case "capture": {
      const [next] = ofTreated(devices(m, { [e.source]: e.to }), e)
      if (e.to === "denied") return [notice(next, { say: `${e.source}-denied` })]
      return [e.to === "missing" || e.to === "busy" ? notice(next, { say: FAULTS[e.to] }) : next]
    }
    case "device-lost":
      return [notice(m, { say: "device-lost" })]
    case "level":
      return [devices(m, { level: e.level })]
    case "preview": {
      const next = { ...m, own: { camera: e.camera, screen: e.screen } }
      return [stage.at === "prejoin" ? set(next, { stage: { ...stage, preview: e.camera } }) : next]
    }
    case "standing":
    case "sight":
      return ofTreated(m, e)
    case "echo":
      return [stage.at === "prejoin" ? set(m, { stage: { ...stage, echo: e.to } }) : m]
  }
}
