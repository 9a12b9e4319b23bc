/** What the machine is made of: the model that is drawn, what the world should do, and small steps that several parts use. */

import type { Knocker, Order, PersonId } from "../../../e2ee/worker/port.ts"
import { NO_TREATMENT, NO_ZONES, type Sight, type Treatment, type Zones } from "../mask/treatment.ts"
import type { Made } from "./report.ts"
import { covers, maySpeak, type Room } from "./room.ts"
import { DEFAULT_RULES, FIRST_RULES } from "./rules.ts"
import type { Device, DeviceKind, Drawing, Entry, Language, MeetingRules, Moderation, Notice, State, Theme } from "./state.ts"
import type { Showing } from "./subscribe.ts"
import { tiles } from "./tiles.ts"

export type Source = "microphone" | "camera" | "screen"

/** What the world should do and what never turns a device on: all that may follow from a report. */
export type Quiet =
  | { readonly do: "make-links"; readonly rules: MeetingRules }
  | {
      readonly do: "invite"
      readonly label: string
      readonly viewer: boolean
      readonly once: boolean
      readonly from: number | null
      readonly until: number | null
    }
  | { readonly do: "open-link"; readonly link: string }
  | { readonly do: "forget-link" }
  | { readonly do: "mark-link"; readonly masked: boolean } // what is given away says so, or no longer
  | { readonly do: "copy"; readonly text: string }
  | { readonly do: "stop"; readonly source: Source }
  | { readonly do: "release" } // every device off
  | { readonly do: "speaker"; readonly id: string }
  | { readonly do: "treat"; readonly camera: Treatment; readonly screen: Zones } // before a camera is opened, and with every change
  | { readonly do: "zones-confirm" }
  | { readonly do: "zones-remember"; readonly camera: string; readonly zones: Zones | null } // on this device; null: no longer
  | { readonly do: "drawn"; readonly drawings: readonly Drawing[] }
  | { readonly do: "echo"; readonly on: boolean }
  | { readonly do: "prepare" } // for joining: list the devices, test the codecs
  | { readonly do: "join"; readonly passphrase: string; readonly host: string }
  | { readonly do: "leave" }
  | { readonly do: "say"; readonly text: string; readonly to: PersonId | null }
  | { readonly do: "hand"; readonly up: boolean }
  | { readonly do: "react"; readonly emoji: string }
  | { readonly do: "compared" }
  | { readonly do: "order"; readonly order: Order }
  | { readonly do: "chime" }
  | { readonly do: "fade"; readonly person: PersonId; readonly reaction: number } // reports "faded" in a while
  | { readonly do: "code" }
  | { readonly do: "codec" }
  | { readonly do: "keep" } // language, theme and masking, in this tab

/** What the world should do. Only what a person does (an action) can turn a device on. */
export type Effect = Quiet | { readonly do: "capture"; readonly source: Source }

/** The zones of a camera. */
export interface Known {
  readonly zones: Zones
  readonly remembered: boolean // on this device, beyond this page
}

/** What the open link holds. */
export interface OpenLink {
  readonly moderator: boolean
  readonly viewer: boolean
  readonly ticket: boolean
  readonly masked: boolean // all faces are masked, as it said when it was copied; in a call, as the rules say
}

/** The model: what is drawn, and what it is made of. */
export interface Model {
  readonly state: State
  readonly room: Room | null
  readonly showing: readonly Showing[]
  readonly speaking: ReadonlySet<PersonId>
  readonly reactions: ReadonlyMap<PersonId, { readonly emoji: string; readonly number: number }>
  readonly own: { readonly camera: MediaStream | null; readonly screen: MediaStream | null }
  readonly sight: Sight | null // of the camera that was opened last
  readonly zones: ReadonlyMap<string, Known> // of cameras, by device id
  readonly met: ReadonlySet<PersonId> // who was there when this person came: no news
  readonly link: OpenLink
  readonly entry: Pick<Entry, "passphrase" | "host" | "waitUntil">
  readonly typed: { readonly passphrase: string; readonly host: string } // until the call is over
  readonly invitations: readonly Made[]
  readonly lobby: readonly Knocker[]
  readonly asked: ReadonlySet<PersonId> // of the lobby: admitted or denied by this person, not confirmed
  readonly names: ReadonlyMap<PersonId, string> // of people who knocked lately
  readonly count: number // notices, events and chat lines so far
}

export type Step = readonly [Model, ...Effect[]]
export type QuietStep = readonly [Model, ...Quiet[]]

const NO_DEVICES: Readonly<Record<DeviceKind, readonly Device[]>> = { camera: [], microphone: [], speaker: [] }
const NO_LINK: OpenLink = { moderator: false, viewer: false, ticket: false, masked: false }
const NO_ENTRY: Model["entry"] = { passphrase: "none", host: "none", waitUntil: 0 }

const NO_MODERATION: Moderation = {
  role: "participant",
  holder: false,
  rules: FIRST_RULES,
  lobby: [],
  lobbyFull: false,
  events: [],
  present: true,
  endsAt: null,
  maySpeak: true,
  handUp: false,
  compare: "none",
  unconfirmed: false,
  renewed: false,
  invitations: [],
}

export const START: State["stage"] = { at: "start", links: null, rules: DEFAULT_RULES, invitations: [], making: false }

export function first(language: Language, theme: Theme, canChooseSpeaker: boolean): Model {
  return {
    state: {
      stage: START,
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
      masking: {
        camera: NO_TREATMENT,
        screen: NO_ZONES,
        standing: { is: "off" },
        screenStanding: { is: "off" },
        required: false,
        rememberable: false,
        remembered: false,
      },
      tiles: [],
      moderation: NO_MODERATION,
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
    reactions: new Map(),
    own: { camera: null, screen: null },
    sight: null,
    zones: new Map(),
    met: new Set(),
    link: NO_LINK,
    entry: NO_ENTRY,
    typed: { passphrase: "", host: "" },
    invitations: [],
    lobby: [],
    asked: new Set(),
    names: new Map(),
    count: 0,
  }
}

export const set = (m: Model, change: Partial<State>): Model => ({ ...m, state: { ...m.state, ...change } })
export const devices = (m: Model, change: Partial<State["devices"]>): Model => set(m, { devices: { ...m.state.devices, ...change } })
export const masking = (m: Model, change: Partial<State["masking"]>): Model => set(m, { masking: { ...m.state.masking, ...change } })
export const moderation = (m: Model, change: Partial<Moderation>): Model => set(m, { moderation: { ...m.state.moderation, ...change } })

type Said = Notice extends infer N ? (N extends Notice ? Omit<N, "id"> : never) : never
export const notice = (m: Model, say: Said): Model => ({
  ...set(m, { notice: { id: m.count + 1, ...say } as Notice }),
  count: m.count + 1,
})

export const inCall = (m: Model): boolean => m.state.stage.at === "call" || m.state.stage.at === "joining"

/** Nobody is there any more, and nothing was said. What this person holds stays. */
export const alone = (m: Model): Model =>
  set(
    {
      ...m,
      room: null,
      showing: [],
      speaking: new Set(),
      reactions: new Map(),
      lobby: [],
      asked: new Set(),
      names: new Map(),
      met: new Set(),
    },
    { tiles: [], moderation: NO_MODERATION, pinned: null, panel: "none", code: null },
  )

/** Without link, and without what was typed for it. */
export const unlinked = (m: Model): Model => ({ ...m, link: NO_LINK, entry: NO_ENTRY, typed: { passphrase: "", host: "" } })

/** Ready to join, with the devices as they are. */
export const prejoin = (m: Model): Model => {
  const entry: Entry = { ...m.entry, viewer: m.link.viewer, ticket: m.link.ticket }
  const stage = { at: "prejoin", moderator: m.link.moderator, echo: "idle", preview: m.own.camera, entry } as const
  return set(alone(m), { stage })
}

/** Shown to be speaking from here on, of 0..1: -50 dB below full scale, as the voice bit of a sealed frame (e2ee/worker/frame.ts). */
const VOICE_LEVEL = 1 - 50 / 60

function compare({ rules, own, members }: Room): Moderation["compare"] {
  if (members.length < 2) return "none"
  return covers(own.compared, members) ? "done" : rules.verify ? "wanted" : "none"
}

/** What follows from the rest, after every step: the tiles, who may what, who waits. */
export function drawn(m: Model): Model {
  const { stage } = m.state
  const invitations = m.invitations.map(({ ticketKey: _key, pending: _pending, ...shown }) => shown)
  if (stage.at === "start") return set(m, { stage: { ...stage, invitations } })
  if (m.room === null) return m
  const { name, devices: d } = m.state
  const { room } = m
  const moment = { speaking: m.speaking, reactions: new Map([...m.reactions].map(([person, { emoji }]) => [person, emoji])) }
  const shown = moderation(m, {
    role: room.own.role,
    holder: room.own.holder,
    rules: room.rules,
    lobby: room.own.role === "moderator" ? m.lobby.map((k) => ({ ...k, asked: m.asked.has(k.person) })) : [],
    maySpeak: maySpeak(room),
    handUp: room.own.hand > 0,
    compare: compare(room),
    unconfirmed: room.own.doubted.size > 0,
    invitations,
  })
  return set(shown, {
    tiles: tiles(room, m.showing, moment, {
      name,
      microphone: d.microphone === "on",
      camera: d.camera === "on" ? m.own.camera : null,
      masked: m.state.masking.camera.strength,
      screen: d.screen === "on" ? m.own.screen : null,
      speaking: d.microphone === "on" && d.level > VOICE_LEVEL,
    }),
  })
}

/** The name of somebody as known here: in the room, or in the lobby. */
export const nameOf = (m: Model, person: PersonId): string =>
  m.state.tiles.find((t) => t.person === person)?.name ?? m.lobby.find((k) => k.person === person)?.name ?? ""
