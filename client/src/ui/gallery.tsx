/**
 * Every view with invented states, for looking at and for tests; not part of
 * the client. ?view=NAME chooses one; &language=de, &theme=dark change it.
 */

import { render } from "preact"
import { EMOJI } from "../../../e2ee/worker/emoji.ts"
import type {
  Action,
  ChatLine,
  End,
  Event,
  Invitation,
  Language,
  Links,
  Masking,
  Moderation,
  Panel,
  RoomRules,
  Stage,
  State,
  Theme,
  Tile,
  Waiting,
} from "../call/state.ts"
import { NO_TREATMENT, type Standing, type Treatment, type Zone } from "../mask/treatment.ts"
import { App } from "./app.tsx"
import { invented, rules, someone as stranger, unmasked } from "./invented.ts"
import { picture, slide } from "./invented-pictures.ts"

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

const emojiOf = (i: number, n: number): string[] => Array.from({ length: n }, (_, k) => EMOJI[(i * 17 + k * 29) % 64]?.symbol ?? "")

const someone = (i: number): Tile => ({
  ...stranger(id(i)),
  self: i === 0,
  name: people[i % people.length] ?? "",
  moderator: i === 0 || i === 4,
  microphone: i % 3 !== 1,
  camera: i % 4 !== 3,
  video: i % 4 !== 3 ? picture(i) : null,
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
  to: null,
}))

const device = (i: string, label: string): { id: string; label: string } => ({ id: i, label })

const base: State = {
  stage: { at: "start", links: null, rules, invitations: [], making: false },
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
  masking: unmasked(),
  tiles: [],
  moderation: invented(),
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

const links: Links = base.links ?? { participant: "", moderator: "" }

const invitations: readonly Invitation[] = [
  {
    label: "Dr. Chiamaka Okonkwo-Featherstonehaugh",
    viewer: false,
    once: true,
    from: null,
    until: Date.UTC(2026, 11, 3, 17),
    revoked: false,
  },
  { label: "", viewer: true, once: false, from: Date.UTC(2026, 11, 1, 8), until: null, revoked: false },
  { label: "Émile", viewer: false, once: true, from: null, until: null, revoked: true },
].map((invitation, i) => ({ ...invitation, id: i, link: `${links.participant}~t${"Ab3d".repeat(60)}` }))

const waiting = (i: number, more: Partial<Waiting> = {}): Waiting => ({
  person: id(40 + i),
  name: people[(i + 5) % people.length] ?? "",
  emoji: emojiOf(40 + i, 4).join(""),
  viewer: false,
  ticket: false,
  label: "",
  asked: false,
  ...more,
})
const lobby: readonly Waiting[] = [
  waiting(0, { ticket: true, label: "Dr. François Lefèvre" }),
  waiting(1),
  waiting(2, { viewer: true, ticket: true }),
  waiting(3, { asked: true }),
  waiting(4, { name: "A very long name that somebody has chosen to see what happens" }),
]

const dids: readonly (readonly [Event["did"], string, boolean])[] = [
  ["lobby-on", "", false],
  ["admit", "Björn Åkesson", false],
  ["mute", "Chiamaka Okonkwo-Featherstonehaugh", false],
  ["quiet-on", "", false],
  ["allow-speech", "Ada Lovelace", true],
  ["stop-screen", "دانا", false],
  ["ban", "Ivo", false],
  ["renew", "", false],
]
const events: readonly Event[] = dids.map(([did, whom, self], i) => ({
  id: i,
  at: Date.UTC(2026, 10, 21, 9, 31 + i),
  by: i === 3 ? "" : "Émile",
  did,
  whom,
  self,
}))

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
type Entry = Extract<Stage, { at: "prejoin" }>["entry"]
const free: Entry = { passphrase: "none", host: "none", waitUntil: 0, viewer: false, ticket: false }
const prejoin = (more: Partial<State>, entry: Partial<Entry> = {}, moderator = false): State => ({
  ...base,
  stage: { at: "prejoin", moderator, echo: "idle", preview: null, entry: { ...free, ...entry } },
  ...more,
})
const joining = (at: Extract<Stage, { at: "joining" }>["waiting"], ...notes: string[]): State => ({
  ...base,
  stage: { at: "joining", waiting: at, notes },
})
/** The start page with rules that were chosen, before and after the links are made. */
const start = (more: Partial<Extract<Stage, { at: "start" }>>): State => ({
  ...base,
  stage: { at: "start", links: null, rules, invitations: [], making: false, ...more },
})
const high = {
  ...rules,
  tickets: true,
  verify: true,
  passphrase: "takofi-luzemo-nipada",
  from: Date.UTC(2026, 11, 1, 8),
  host: "pvh1.Zk3vZk3v",
}

/** Somebody masked: at the pre-join page, and in a call with the settings open. */
const faces: Treatment = { ...NO_TREATMENT, strength: "faces" }
const zone = (number: number, ...corners: readonly (readonly [number, number])[]): Zone => ({
  id: number,
  corners: corners.map(([x, y]) => ({ x, y })),
})
const zones = {
  zones: [zone(1, [0.05, 0.1], [0.3, 0.1], [0.3, 0.55], [0.05, 0.55]), zone(2, [0.7, 0.3], [0.95, 0.4], [0.8, 0.9])],
  inverse: false,
}
const masked = (standing: Standing, more: Partial<Masking> = {}): State => {
  const veiled = standing.is === "masked" && standing.faces > 0
  return prejoin({
    stage: {
      at: "prejoin",
      moderator: false,
      echo: "idle",
      preview: ["unavailable", "loading", "stopped"].includes(standing.is) ? null : picture(1, veiled),
      entry: free,
    },
    masking: unmasked({ camera: faces, standing, ...more }),
    ...(standing.is === "unavailable" && { devices: off }),
  })
}
const standings: Readonly<Record<string, () => State>> = {
  "mask-loading": () => masked({ is: "loading", part: 0.4 }),
  "mask-on": () => masked({ is: "masked", faces: 2 }),
  "mask-none": () => masked({ is: "masked", faces: 0 }),
  "mask-body": () => masked({ is: "masked", faces: 1 }, { camera: { ...faces, strength: "body", background: "plain" } }),
  "mask-checking": () => masked({ is: "checking" }),
  "mask-dark": () => masked({ is: "dark" }),
  "mask-late": () => masked({ is: "late" }),
  "mask-zones": () => masked({ is: "zones" }, { camera: { ...faces, zones } }),
  "mask-stopped": () => masked({ is: "stopped" }),
  "mask-unavailable": () => masked({ is: "unavailable" }, { required: true }),
  "mask-options": () => masked({ is: "masked", faces: 1 }, { camera: { ...faces, zones } }),
  "mask-unmask": () => masked({ is: "masked", faces: 1 }),
  "zones-camera": () => masked({ is: "masked", faces: 1 }, { camera: { ...faces, zones }, remembered: true }),
  "zones-confirm": () => masked({ is: "zones" }, { camera: { ...faces, zones }, rememberable: false }),
  "zones-screen": () => shares(meeting(3, { masking: unmasked({ screen: { zones: [], inverse: true } }), panel: "settings" }), 0),
  "zones-screen-turned": () => shares(meeting(3, { masking: unmasked({ screen: zones, screenStanding: { is: "zones", aspect: 2 } }) }), 0),
  "settings-masked": () =>
    panel("settings", { masking: unmasked({ camera: faces, standing: { is: "masked", faces: 1 }, required: true }) }),
  "call-masks": () => {
    const state = meeting(6)
    const masked = (t: Tile, i: number): Tile => ({ ...t, masked: !t.camera ? "off" : i % 2 === 0 ? "faces" : "body" })
    return { ...state, tiles: state.tiles.map(masked) }
  },
  "call-unmasked": () => {
    const state = guest(5, {}, { masked: true })
    const tile = (t: Tile, i: number): Tile =>
      i === 2 ? { ...t, unmasked: true, video: null } : { ...t, masked: t.camera ? "faces" : "off" }
    return {
      ...state,
      masking: unmasked({ camera: faces, standing: { is: "masked", faces: 1 }, required: true }),
      tiles: state.tiles.map(tile),
    }
  },
  "call-masked": () => meeting(3, { masking: unmasked({ camera: faces, standing: { is: "zones" } }) }),
}

/** Seen by a moderator who has the moderator link. */
const moderating = (n: number, more: Partial<Moderation>, changed: Partial<RoomRules> = {}, rest: Partial<State> = {}): State => {
  const state = meeting(n, { ...rest, moderation: invented({ role: "moderator", holder: true, events, ...more }, changed) })
  return { ...state, tiles: state.tiles.map(standing) }
}
/** A hand here, a viewer there. */
const standing = (tile: Tile, i: number): Tile =>
  ({
    1: { ...tile, hand: 2, reaction: "👏" },
    2: { ...tile, hand: 1, maySpeak: false, microphone: false, speaking: false },
    3: { ...tile, role: "viewer" as const, camera: false, microphone: false },
    4: { ...tile, role: "moderator" as const, appointed: true },
  })[i] ?? { ...tile, role: tile.moderator ? "moderator" : tile.role }
const guest = (n: number, more: Partial<Moderation>, changed: Partial<RoomRules> = {}, rest: Partial<State> = {}): State => {
  const state = meeting(n, {
    links: { participant: links.participant, moderator: "" },
    ...rest,
    moderation: invented({ events, ...more }, changed),
  })
  return { ...state, tiles: state.tiles.map(standing).map((tile) => (tile.self ? { ...tile, moderator: false } : tile)) }
}
const shares = (state: State, ...who: number[]): State => ({
  ...state,
  tiles: state.tiles.map((tile, i) => (who.includes(i) ? { ...tile, screen: slide() } : tile)),
})

const views: Readonly<Record<string, () => State>> = {
  start: () => base,
  options: () => base,
  "options-high": () => start({ rules: high }),
  "options-wrong": () => start({ rules: { ...rules, from: Date.UTC(2031, 1, 2), until: Date.UTC(2031, 1, 1) } }),
  making: () => start({ making: true }),
  links: () => ({ ...start({ links }), notice: { id: 1, say: "copied" } }),
  "links-high": () => start({ links, rules: high, invitations }),
  "bad-link": () => ({ ...base, stage: { at: "bad-link" } }),
  prejoin: () => prejoin({ name: "", devices: { ...off, list: unnamed, canChooseSpeaker: false } }),
  "prejoin-on": () => prejoin({ stage: { at: "prejoin", moderator: true, echo: "recording", preview: picture(1), entry: free } }),
  "prejoin-denied": () => prejoin({ devices: { ...off, camera: "denied", microphone: "missing" } }),
  "prejoin-passphrase": () => prejoin({ devices: off }, { passphrase: "wanted", ticket: true }),
  "prejoin-wrong": () => prejoin({ devices: off }, { passphrase: "wrong", waitUntil: Date.now() + 16_000 }),
  "prejoin-wait": () => prejoin({ devices: off }, { waitUntil: Date.now() + 290_000 }),
  "prejoin-host": () => prejoin({ devices: off }, { host: "wanted" }, true),
  "prejoin-viewer": () => prejoin({ devices: off }, { viewer: true, ticket: true }),
  "prejoin-masked": () => masked({ is: "masked", faces: 1 }, { required: true }),
  "prejoin-masked-off": () => prejoin({ devices: off, masking: unmasked({ camera: faces, required: true }) }),
  "prejoin-masked-viewer": () =>
    prejoin({ devices: off, masking: unmasked({ camera: faces, required: true }) }, { viewer: true, ticket: true }),
  connecting: () => joining("connection"),
  waiting: () => joining("moderator"),
  "waiting-admission": () => joining("admission", "We will let you in at half past.", "Ein klein wenig noch, bitte!"),
  "waiting-lock": () => joining("lock"),
  keys: () => joining("keys"),
  "keys-masked": () => ({ ...joining("keys"), masking: unmasked({ camera: faces, required: true }) }),
  "call-1": () => meeting(1),
  "call-2": () => meeting(2, { unread: 3 }),
  "call-3": () => meeting(3),
  "call-5": () => meeting(5),
  "call-9": () => meeting(9),
  "call-12": () => meeting(12),
  "call-25": () => meeting(25),
  "call-49": () => meeting(49),
  "call-100": () => meeting(100),
  "call-off": () => {
    const state = meeting(4, { devices: off })
    return { ...state, tiles: state.tiles.map((tile) => ({ ...tile, video: null, camera: false })) }
  },
  pinned: () => meeting(5, { pinned: id(1) }),
  screen: () => shares(meeting(6), 1),
  "screen-60": () => shares(meeting(60), 1),
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
  "people-moderator": () => moderating(5, {}, {}, { panel: "people" }),
  "people-more": () => moderating(5, {}, {}, { panel: "people" }),
  "people-ban": () => moderating(5, {}, {}, { panel: "people" }),
  "people-lobby": () => moderating(3, { lobby, lobbyFull: true }, { banned: true }, { panel: "people" }),
  "people-rules": () => moderating(2, { invitations }, { locked: true, quiet: true, passphrase: true }, { panel: "people" }),
  "people-participant": () => guest(5, {}, { tickets: true }, { panel: "people" }),
  "knock-one": () => moderating(3, { lobby: lobby.slice(1, 2) }),
  "knock-many": () => moderating(5, { lobby }, {}, { unread: 2, notice: { id: 1, say: "knock" } }),
  leaving: () => moderating(3, {}),
  moderated: () => guest(9, { handUp: true }),
  silenced: () => guest(4, { maySpeak: false }, { quiet: true }, { devices: off }),
  asked: () => guest(4, { maySpeak: false, handUp: true }, { quiet: true }, { devices: off }),
  viewer: () => guest(4, { role: "viewer" }, {}, { devices: off, panel: "chat" }),
  unmoderated: () => guest(4, { present: false, endsAt: Date.now() + 252_000 }),
  "unmoderated-open": () => guest(4, { present: false }),
  renewed: () => moderating(4, { renewed: true }),
  compare: () => guest(4, { compare: "wanted" }, { verify: true }, { devices: off }),
  "compare-code": () => guest(4, { compare: "wanted" }, { verify: true }, { devices: off, panel: "code" }),
  "compare-done": () => {
    const state = guest(4, { compare: "done" }, { verify: true }, { panel: "code" })
    return { ...state, tiles: state.tiles.map((tile, i) => ({ ...tile, compared: i < 2 })) }
  },
  unconfirmed: () => moderating(4, { unconfirmed: true }, {}, { devices: off }),
  reactions: () => guest(4, {}),
  told: () => guest(4, { maySpeak: false }, {}, { notice: { id: 1, say: "event", event: { ...(events[2] as Event), self: true } } }),
  "chat-private": () =>
    guest(
      4,
      {},
      {},
      {
        panel: "chat",
        chat: [
          ...chat.slice(0, 4),
          { ...(chat[0] as ChatLine), id: 20, text: "This is between the two of us.", to: "Ada Lovelace" },
          { ...(chat[3] as ChatLine), id: 21, text: "Understood.", to: "Björn Åkesson" },
        ],
      },
    ),
  "chat-off": () => guest(5, {}, { chat: false }, { panel: "chat" }),
  code: () => panel("code"),
  "code-computing": () => panel("code", { code: null }),
  settings: () => panel("settings"),
  ...standings,
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
  "removed",
  "banned",
  "denied",
  "over",
  "unmoderated",
  "replayed",
  "ticket",
  "early",
  "late",
  "used",
  "barred",
  "replaced",
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
    case "rules":
      return state.stage.at === "start" ? { ...state, stage: { ...state.stage, rules: action.rules } } : state
    case "hand":
      return { ...state, moderation: { ...state.moderation, handUp: action.up } }
    case "treat":
      return { ...state, masking: { ...state.masking, camera: { ...state.masking.camera, ...action.change } } }
    case "zones-screen":
      return { ...state, masking: { ...state.masking, screen: action.zones } }
    case "zones-remember":
      return { ...state, masking: { ...state.masking, remembered: action.on } }
    case "hide-self":
      return { ...state, hideSelf: action.on }
    case "say":
      return {
        ...state,
        chat: [...state.chat, { id: state.chat.length, from: id(0), name: "", self: true, text: action.text, at: Date.now(), to: null }],
      }
    default:
      return state
  }
}

let now = first

function show(state: State): void {
  if (root === null) return
  now = state
  const act = (action: Action): void => {
    if (action.do === "drawn") return // told after each drawing, by nobody's wish
    done.push(action)
    show(answer(state, action))
  }
  render(<App state={state} act={act} />, root)
}

/** What was done, for tests to read. */
const done: Action[] = []
/** Somebody leaves. */
const part = (name: string): void => show({ ...now, tiles: now.tiles.filter((tile) => tile.name !== name) })
Object.assign(globalThis, { gallery: { names, done, part } })
show(first)

/** What a person would have clicked to see the view. */
const clicks: Readonly<Record<string, readonly string[]>> = {
  options: [".options > summary"],
  "options-high": [".options > summary"],
  "options-wrong": [".options > summary"],
  "people-more": ["[data-opens=more]"],
  "people-ban": ["[data-opens=ban]"],
  "people-rules": [".section > summary", ".invite .section > summary", ".invite-form summary"],
  "people-participant": [".section > summary"],
  "people-lobby": ["[data-waiting] .quiet"],
  leaving: [".leaving .twice button"],
  reactions: ["[popovertarget]"],
  "mask-options": [".masks > summary"],
  "mask-zones": [".masks > summary"],
  "mask-unmask": [".preview-controls .tool:last-of-type"],
  "zones-camera": [".masks > summary", ".zones-field .button"],
  "zones-confirm": [".masks > summary", ".zones-field .button"],
  "zones-screen": [".zones-field .button:last-child"],
  "compare-code": [".verdict .twice button"],
}
if (chosen === "leaving") document.querySelector<HTMLElement>(".leaving .tool")?.focus()
for (const selector of clicks[chosen] ?? []) document.querySelector<HTMLElement>(selector)?.click()
// A dialog takes the focus once it is open; in this view it goes on to a zone.
const toZone = (): void => document.querySelector<HTMLElement>(".zone-handle")?.focus()
if (chosen === "zones-camera") document.addEventListener("focusin", toZone, { once: true })
