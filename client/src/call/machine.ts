/**
 * What follows from what happens, as a pure function: a state and an event
 * give the next state and what the world should do about it (run.ts does it).
 */

import type { Room } from "./room.ts"
import type { Action, Capture, ChatLine, Device, DeviceKind, EchoTest, End, Language, Links, Notice, State, Theme } from "./state.ts"
import type { Showing } from "./subscribe.ts"
import { tiles } from "./tiles.ts"

/** What the world reports. */
export type Report =
  | { readonly on: "opened"; readonly link: "none" | "bad" | "participant" | "moderator"; readonly links: Links | null }
  | { readonly on: "links"; readonly links: Links }
  | { readonly on: "devices"; readonly list: State["devices"]["list"] }
  | { readonly on: "capture"; readonly source: "microphone" | "camera" | "screen"; readonly to: Capture }
  | { readonly on: "device-lost" }
  | { readonly on: "level"; readonly level: number }
  | { readonly on: "preview"; readonly camera: MediaStream | null; readonly screen: MediaStream | null }
  | { readonly on: "echo"; readonly to: EchoTest }
  | { readonly on: "copied" }
  | { readonly on: "waiting" }
  | { readonly on: "securing" }
  | { readonly on: "live"; readonly at: number }
  | { readonly on: "reconnecting" }
  | { readonly on: "reconnected" }
  | { readonly on: "room"; readonly room: Room; readonly showing: readonly Showing[] }
  | { readonly on: "speaking"; readonly people: ReadonlySet<string> }
  | { readonly on: "chat"; readonly from: string; readonly text: string; readonly at: number }
  | { readonly on: "epoch" }
  | { readonly on: "code"; readonly code: NonNullable<State["code"]> }
  | { readonly on: "ended"; readonly why: End }
  | { readonly on: "returned"; readonly name: string; readonly silent: boolean } // after a reload; silent: devices stayed off

export type Event = Action | Report

/** What the world should do. */
export type Effect =
  | { readonly do: "make-links" }
  | { readonly do: "open-link"; readonly link: string }
  | { readonly do: "forget-link" }
  | { readonly do: "copy"; readonly text: string }
  | { readonly do: "capture"; readonly source: "microphone" | "camera" | "screen"; readonly on: boolean }
  | { readonly do: "release" } // every device off
  | { readonly do: "speaker"; readonly id: string }
  | { readonly do: "echo"; readonly on: boolean }
  | { readonly do: "prepare" } // for joining: list the devices, test the codecs
  | { readonly do: "join" }
  | { readonly do: "leave" }
  | { readonly do: "say"; readonly text: string }
  | { readonly do: "code" }
  | { readonly do: "codec" }
  | { readonly do: "keep" } // language and theme, in this tab

/** The model: what is drawn, and what it is made of. */
export interface Model {
  readonly state: State
  readonly room: Room | null
  readonly showing: readonly Showing[]
  readonly speaking: ReadonlySet<string>
  readonly own: { readonly camera: MediaStream | null; readonly screen: MediaStream | null }
  readonly met: ReadonlySet<string> // who was there when this person came: no news
  readonly moderator: boolean // holds the moderator link
  readonly count: number // notices and chat lines so far
}

export type Step = readonly [Model, ...Effect[]]

const NO_DEVICES: Readonly<Record<DeviceKind, readonly Device[]>> = { camera: [], microphone: [], speaker: [] }

export function first(language: Language, theme: Theme, canChooseSpeaker: boolean): Model {
  return {
    state: {
      stage: { at: "start", links: null },
      name: "",
      devices: {
        list: NO_DEVICES,
        chosen: { camera: "", microphone: "", speaker: "" },
        canChooseSpeaker,
        microphone: "off",
        camera: "off",
        screen: "off",
        level: 0,
      },
      tiles: [],
      pinned: null,
      chat: [],
      unread: 0,
      panel: "none",
      encryption: "securing",
      code: null,
      links: null,
      notice: null,
      language,
      theme,
      codec: "auto",
      hideSelf: false,
    },
    room: null,
    showing: [],
    speaking: new Set(),
    own: { camera: null, screen: null },
    met: new Set(),
    moderator: false,
    count: 0,
  }
}

const set = (m: Model, change: Partial<State>): Model => ({ ...m, state: { ...m.state, ...change } })
const devices = (m: Model, change: Partial<State["devices"]>): Model => set(m, { devices: { ...m.state.devices, ...change } })

/** Chat lines kept: whoever writes without end fills nobody's memory. */
const CHAT_MAX = 1000

type Said = Notice extends infer N ? (N extends Notice ? Omit<N, "id"> : never) : never
const notice = (m: Model, say: Said): Model => ({ ...set(m, { notice: { id: m.count + 1, ...say } as Notice }), count: m.count + 1 })

/** The tiles follow from the rest, after every step in a call. */
const drawn = (m: Model): Model => {
  if (m.room === null) return m
  const { name, devices: d } = m.state
  return set(m, {
    tiles: tiles(m.room, m.showing, m.speaking, {
      name,
      moderator: m.moderator,
      microphone: d.microphone === "on",
      camera: d.camera === "on" ? m.own.camera : null,
      screen: d.screen === "on" ? m.own.screen : null,
      speaking: d.microphone === "on" && d.level > 0.55,
    }),
  })
}

export function step(m: Model, e: Event): Step {
  const [next, ...effects] = "do" in e ? act(m, e) : report(m, e)
  return [next === m ? m : drawn(next), ...effects]
}

const inCall = (m: Model): boolean => m.state.stage.at === "call" || m.state.stage.at === "joining"

function act(m: Model, e: Action): Step {
  const { state } = m
  switch (e.do) {
    case "new-meeting":
      return [m, { do: "make-links" }]
    case "open-link":
      return inCall(m) ? [m] : [m, { do: "open-link", link: e.link }]
    case "copy":
      return [m, { do: "copy", text: e.text }]
    case "name":
      return [set(m, { name: e.name })]
    case "choose": {
      const chosen = devices(m, { chosen: { ...state.devices.chosen, [e.kind]: e.id } })
      if (e.kind === "speaker") return [chosen, { do: "speaker", id: e.id }]
      const on = state.devices[e.kind] === "on" || state.devices[e.kind] === "starting"
      return on ? [chosen, { do: "capture", source: e.kind, on: true }] : [chosen]
    }
    case "microphone":
    case "camera":
    case "screen":
      return [m, { do: "capture", source: e.do, on: e.on }]
    case "echo-test":
      return state.stage.at === "prejoin" ? [m, { do: "echo", on: e.on }] : [m]
    case "join":
      if (state.stage.at !== "prejoin" || state.name.trim() === "") return [m]
      return [
        set(m, { stage: { at: "joining", waiting: "connection" }, encryption: "securing" }),
        { do: "echo", on: false },
        { do: "join" },
      ]
    case "leave":
      return inCall(m) ? [m, { do: "leave" }] : [m]
    case "again":
      if (state.stage.at !== "ended") return [m]
      return [prejoin(m), { do: "prepare" }]
    case "home":
      if (inCall(m)) return [m]
      return [
        set({ ...m, moderator: false }, { stage: { at: "start", links: null }, links: null }),
        { do: "release" },
        { do: "forget-link" },
      ]
    case "say": {
      const text = e.text.trim()
      if (text === "" || state.stage.at !== "call") return [m]
      return [m, { do: "say", text }]
    }
    case "pin":
      return [set(m, { pinned: e.person })]
    case "panel": {
      const panel = state.panel === e.panel ? "none" : e.panel
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

/** Ready to join, with the devices as they are. */
const prejoin = (m: Model): Model =>
  set(
    { ...m, room: null, showing: [], speaking: new Set() },
    { stage: { at: "prejoin", moderator: m.moderator, echo: "idle", preview: m.own.camera }, tiles: [], pinned: null, panel: "none" },
  )

function report(m: Model, e: Report): Step {
  switch (e.on) {
    case "links":
      return [set(m, { stage: { at: "start", links: e.links } })]
    case "opened":
      return opened(m, e)
    case "returned": {
      const back = set(m, { name: e.name, stage: { at: "joining", waiting: "connection" } })
      return [e.silent ? notice(back, { say: "devices-off-after-reload" }) : back]
    }
    case "devices":
    case "capture":
    case "device-lost":
    case "level":
    case "preview":
    case "echo":
      return ofDevices(m, e)
    case "copied":
      return [notice(m, { say: "copied" })]
    default:
      return inCall(m) ? ofCall(m, e) : [m]
  }
}

function opened(m: Model, e: Extract<Report, { on: "opened" }>): Step {
  if (e.link === "none") return [m]
  if (e.link === "bad") return [set(m, { stage: { at: "bad-link" } })]
  const holds = { ...m, moderator: e.link === "moderator" }
  return [set(prejoin(holds), { links: e.links }), { do: "prepare" }]
}

type DeviceReport = Extract<Report, { on: "devices" | "capture" | "device-lost" | "level" | "preview" | "echo" }>

const FAULTS = { missing: "device-missing", busy: "device-busy" } as const

function ofDevices(m: Model, e: DeviceReport): Step {
  const { stage } = m.state
  switch (e.on) {
    case "devices":
      return [devices(m, { list: e.list })]
    case "capture": {
      const next = devices(m, { [e.source]: e.to })
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
    case "echo":
      return [stage.at === "prejoin" ? set(m, { stage: { ...stage, echo: e.to } }) : m]
  }
}

type CallReport = Exclude<Report, DeviceReport | { on: "opened" | "links" | "returned" | "copied" }>

function ofCall(m: Model, e: CallReport): Step {
  const { stage, panel } = m.state
  switch (e.on) {
    case "waiting":
      return [set(m, { stage: { at: "joining", waiting: "moderator" } })]
    case "securing":
      return [set(m, { encryption: "securing", ...(stage.at === "joining" ? { stage: { at: "joining", waiting: "keys" } } : {}) })]
    case "live":
      return [
        set(
          { ...m, met: new Set(m.room?.members.map((p) => p.person)) },
          { stage: { at: "call", connection: "good", since: stage.at === "call" ? stage.since : e.at }, encryption: "encrypted" },
        ),
      ]
    case "reconnecting":
      return [stage.at === "call" ? set(m, { stage: { ...stage, connection: "reconnecting" }, encryption: "securing" }) : m]
    case "reconnected":
      if (stage.at !== "call") return [m]
      return [notice(set(m, { stage: { ...stage, connection: "good" }, encryption: "encrypted" }), { say: "reconnected" })]
    case "room":
      return [arrivals({ ...m, room: e.room, showing: e.showing }, m.room)]
    case "speaking":
      return [{ ...m, speaking: e.people }]
    case "chat":
      return [line(m, e.from, e.text, e.at)]
    case "epoch": // the code changes with the members
      return panel === "code" ? [set(m, { code: null }), { do: "code" }] : [set(m, { code: null })]
    case "code":
      return [set(m, { code: e.code })]
    case "ended":
      return [
        set(
          { ...m, room: null, showing: [], speaking: new Set() },
          {
            stage: { at: "ended", why: e.why },
            tiles: [],
            chat: [],
            unread: 0,
            pinned: null,
            panel: "none",
            code: null,
            notice: null,
            encryption: e.why === "unencrypted" || e.why === "broken" ? "broken" : "securing",
          },
        ),
        { do: "release" },
      ]
  }
}

function line(m: Model, from: string, text: string, at: number): Model {
  const who = m.state.tiles.find((t) => t.person === from)
  const said: ChatLine = { id: m.count + 1, from, name: who?.name ?? "", self: who?.self === true, text, at }
  const unread = m.state.panel === "chat" || said.self ? m.state.unread : m.state.unread + 1
  return { ...set(m, { chat: [...m.state.chat.slice(1 - CHAT_MAX), said], unread }), count: m.count + 1 }
}

/** Says who came and who went. A name is known only once the signed hello is there. */
function arrivals(m: Model, before: Room | null): Model {
  const after = m.room
  if (before === null || after === null || m.state.stage.at !== "call") return m
  const came = [...after.said].find(([p, s]) => !before.said.has(p) && !m.met.has(p) && s.name !== "")
  if (came !== undefined) return notice(m, { say: "arrived", name: came[1].name })
  const went = [...before.said].find(([p]) => !after.members.some((x) => x.person === p))
  return went === undefined ? m : notice(m, { say: "left", name: went[1].name })
}
