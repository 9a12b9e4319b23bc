/**
 * Every view with invented states, for looking at and for tests; not part of
 * the client. ?view=NAME chooses one; &language=de, &theme=dark change it.
 */

import { render } from "preact"
import { EMOJI } from "../../../e2ee/worker/emoji.ts"
import type { Action, ChatLine, End, Language, Panel, Stage, State, Theme, Tile } from "../call/state.ts"
import { App } from "./app.tsx"

const query = new URLSearchParams(location.search)

const people: readonly string[] = [
  "Ada Lovelace",
  "Björn Åkesson",
  "Chiamaka Okonkwo-Featherstonehaugh",
  "دانا",
  "Émile",
  "François Lefèvre",
  "Gül Şahin",
  "Hedy Lamarr",
  "Ivo",
  "Jörg Müller",
  "木村 花",
  "Lena",
  "Mateo",
  "Nils",
  "Oda",
  "Pia",
]

const id = (i: number): string => ((i + 3) * 0x9e3779b1).toString(16).slice(-8).repeat(4)

/** A picture that stands still: a room and somebody in it. */
function picture(i: number, width = 640, height = 360): MediaStream {
  const canvas = document.createElement("canvas")
  canvas.width = width
  canvas.height = height
  const pen = canvas.getContext("2d")
  if (pen !== null) {
    const wall = pen.createLinearGradient(0, 0, width, height)
    wall.addColorStop(0, `oklch(0.72 0.05 ${i * 67})`)
    wall.addColorStop(1, `oklch(0.42 0.06 ${i * 67 + 40})`)
    pen.fillStyle = wall
    pen.fillRect(0, 0, width, height)
    pen.fillStyle = `oklch(0.35 0.08 ${i * 67 + 160})`
    pen.beginPath()
    pen.ellipse(width / 2, height * 1.05, height * 0.48, height * 0.46, 0, 0, 7)
    pen.fill()
    pen.fillStyle = `oklch(${0.5 + (i % 4) * 0.1} 0.06 55)`
    pen.beginPath()
    pen.ellipse(width / 2, height * 0.42, height * 0.17, height * 0.22, 0, 0, 7)
    pen.fill()
  }
  return canvas.captureStream()
}

function slide(): MediaStream {
  const canvas = document.createElement("canvas")
  canvas.width = 1280
  canvas.height = 800
  const pen = canvas.getContext("2d")
  if (pen !== null) {
    pen.fillStyle = "#ffffff"
    pen.fillRect(0, 0, 1280, 800)
    pen.fillStyle = "#1f5c4d"
    pen.font = "64px sans-serif"
    pen.fillText("Quarterly figures", 96, 180)
    for (let i = 0; i < 9; i++) pen.fillRect(96 + i * 120, 700 - (i + 2) * 42, 80, (i + 2) * 42)
  }
  return canvas.captureStream()
}

const emojiOf = (i: number, n: number): string[] => Array.from({ length: n }, (_, k) => EMOJI[(i * 17 + k * 29) % 64]?.symbol ?? "")

const someone = (i: number): Tile => ({
  person: id(i),
  self: i === 0,
  name: people[i % people.length] ?? "",
  moderator: i === 0 || i === 4,
  microphone: i % 3 !== 1,
  camera: i % 4 !== 3,
  video: i % 4 !== 3 ? picture(i) : null,
  screen: null,
  speaking: i === 2,
  away: i === 6,
  emoji: emojiOf(i, 4).join(""),
})

const chat: readonly ChatLine[] = [
  [1, "Good morning! Can everybody hear me?"],
  [2, "Yes, loud and clear."],
  [2, "The agenda is at https://example.org/agenda/2026-11?page=2#top, as always."],
  [0, "Thank you.\nI will share my screen in a minute."],
  [3, "صباح الخير، أنا هنا"],
  [1, "Averyveryveryveryveryveryveryveryveryveryveryveryverylongwordwithoutanyspaces"],
].map(([who, text], i) => ({
  id: i,
  from: id(Number(who)),
  name: people[Number(who)] ?? "",
  self: who === 0,
  text: String(text),
  at: Date.UTC(2026, 10, 21, 9, 30 + i),
}))

const device = (i: string, label: string): { id: string; label: string } => ({ id: i, label })

const base: State = {
  stage: { at: "start", links: null },
  name: "Ada Lovelace",
  devices: {
    list: {
      camera: [device("c1", "Integrated Camera (04f2:b6be)"), device("c2", "")],
      microphone: [device("m1", "Built-in Audio Analog Stereo"), device("m2", "USB headset with a name of considerable length")],
      speaker: [device("s1", "Built-in Audio Analog Stereo")],
    },
    chosen: { camera: "c1", microphone: "", speaker: "" },
    canChooseSpeaker: true,
    microphone: "on",
    camera: "on",
    screen: "off",
    level: 0.55,
  },
  tiles: [],
  pinned: null,
  chat,
  unread: 0,
  panel: "none",
  encryption: "encrypted",
  code: { emoji: emojiOf(5, 10), digits: "402917735500182664913370028451" },
  links: {
    participant: `https://meet.example.org/#1.${"Zk3v".repeat(16)}`,
    moderator: `https://meet.example.org/#1.${"Zk3v".repeat(16)}.${"Qm9x".repeat(10)}Qm8`,
  },
  notice: null,
  language: (query.get("language") ?? "en") as Language,
  theme: (query.get("theme") ?? "system") as Theme,
  codec: "auto",
  hideSelf: false,
}

const off = { ...base.devices, camera: "off", microphone: "off", level: 0 } as const
const unnamed = { camera: [device("", "")], microphone: [device("", "")], speaker: [] }
const inCall: Stage = { at: "call", connection: "good", since: 0 }
const meeting = (n: number, more: Partial<State> = {}): State => ({
  ...base,
  stage: inCall,
  tiles: Array.from({ length: n }, (_, i) => someone(i)),
  ...more,
})
const panel = (open: Panel, more: Partial<State> = {}): State => meeting(5, { panel: open, ...more })
const ended = (why: End): State => ({ ...base, stage: { at: "ended", why } })
const prejoin = (more: Partial<State>, moderator = false): State => ({
  ...base,
  stage: { at: "prejoin", moderator, echo: "idle", preview: null },
  ...more,
})
const shares = (state: State, ...who: number[]): State => ({
  ...state,
  tiles: state.tiles.map((tile, i) => (who.includes(i) ? { ...tile, screen: slide() } : tile)),
})

const views: Readonly<Record<string, () => State>> = {
  start: () => base,
  links: () => ({ ...base, stage: { at: "start", links: base.links }, notice: { id: 1, say: "copied" } }),
  "bad-link": () => ({ ...base, stage: { at: "bad-link" } }),
  prejoin: () => prejoin({ name: "", devices: { ...off, list: unnamed, canChooseSpeaker: false } }),
  "prejoin-on": () => prejoin({ stage: { at: "prejoin", moderator: true, echo: "recording", preview: picture(1) } }),
  "prejoin-denied": () => prejoin({ devices: { ...off, camera: "denied", microphone: "missing" } }),
  connecting: () => ({ ...base, stage: { at: "joining", waiting: "connection" } }),
  waiting: () => ({ ...base, stage: { at: "joining", waiting: "moderator" } }),
  keys: () => ({ ...base, stage: { at: "joining", waiting: "keys" } }),
  "call-1": () => meeting(1),
  "call-2": () => meeting(2, { unread: 3 }),
  "call-3": () => meeting(3),
  "call-5": () => meeting(5),
  "call-9": () => meeting(9),
  "call-12": () => meeting(12),
  "call-25": () => meeting(25),
  "call-off": () => {
    const state = meeting(4, { devices: off })
    return { ...state, tiles: state.tiles.map((tile) => ({ ...tile, video: null, camera: false })) }
  },
  pinned: () => meeting(5, { pinned: id(1) }),
  screen: () => shares(meeting(6), 1),
  "screen-own": () => shares(meeting(3, { devices: { ...base.devices, screen: "on" } }), 0),
  reconnecting: () =>
    meeting(3, {
      stage: { at: "call", connection: "reconnecting", since: 0 },
      encryption: "securing",
      devices: { ...base.devices, microphone: "starting" },
    }),
  broken: () => meeting(3, { encryption: "broken", devices: { ...off, camera: "denied" }, notice: { id: 1, say: "camera-denied" } }),
  arrived: () => meeting(3, { notice: { id: 1, say: "arrived", name: "دانا" } }),
  chat: () => panel("chat"),
  "chat-empty": () => panel("chat", { chat: [] }),
  people: () => panel("people"),
  "people-guest": () => panel("people", { links: { participant: base.links?.participant ?? "", moderator: "" } }),
  code: () => panel("code"),
  "code-computing": () => panel("code", { code: null }),
  settings: () => panel("settings"),
}
const ends: readonly End[] = [
  "left",
  "proof",
  "full",
  "busy",
  "throttled",
  "taken-over",
  "unsupported",
  "unencrypted",
  "broken",
  "lost",
  "restarting",
]

/** The names of all views, for whoever wants to visit each. */
const names = [...Object.keys(views), ...ends.map((why) => `ended-${why}`)]

const chosen = query.get("view") ?? "start"
const first = views[chosen]?.() ?? ended((ends.find((why) => `ended-${why}` === chosen) ?? "left") satisfies End)
const root = document.getElementById("app")

/** Does what needs no call: enough to try panels, languages and pins by hand. */
function answer(state: State, action: Action): State {
  switch (action.do) {
    case "panel":
      return { ...state, panel: action.panel }
    case "language":
      return { ...state, language: action.language }
    case "theme":
      return { ...state, theme: action.theme }
    case "pin":
      return { ...state, pinned: action.person }
    case "name":
      return { ...state, name: action.name }
    case "hide-self":
      return { ...state, hideSelf: action.on }
    case "say":
      return {
        ...state,
        chat: [...state.chat, { id: state.chat.length, from: id(0), name: "", self: true, text: action.text, at: Date.now() }],
      }
    default:
      return state
  }
}

function show(state: State): void {
  if (root === null) return
  const act = (action: Action): void => {
    done.push(action)
    show(answer(state, action))
  }
  render(<App state={state} act={act} />, root)
}

/** What was done, for tests to read. */
const done: Action[] = []
Object.assign(globalThis, { gallery: { names, done } })
show(first)
