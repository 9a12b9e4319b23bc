/**
 * What a person wishes to be done to their own pictures, and what follows:
 * pure, for machine.ts. The rule of it all is that a camera is opened with its
 * treatment or not at all, and that zones are taken for another picture's
 * until somebody says that they fit.
 */

import { textSaying } from "../../../e2ee/worker/link.ts"
import { covering, fits, NO_ZONES, type Standing, type Treatment, treats, type Zones } from "../mask/treatment.ts"
import { type Known, type Model, masking, type Quiet, type QuietStep } from "./model.ts"
import type { DeviceReport } from "./report.ts"
import type { Action } from "./state.ts"

const OFF: Standing = { is: "off" }
const LOADING: Standing = { is: "loading", part: 0 }

const running = (m: Model, source: "camera" | "screen" = "camera"): boolean =>
  m.state.devices[source] === "on" || m.state.devices[source] === "starting"

/** Which camera zones are drawn on: the one that was opened, else the one that is chosen; "" if nobody can know. */
const cameraOf = (m: Model): string => m.sight?.camera ?? m.state.devices.chosen.camera

const told = (m: Model): Quiet => ({ do: "treat", camera: m.state.masking.camera, screen: m.state.masking.screen })

/** As it is now: what can be remembered, and is, follows from which camera it is. */
const shown = (m: Model, change: Partial<Model["state"]["masking"]> = {}): Model => {
  const zones = (change.camera ?? m.state.masking.camera).zones
  const rememberable = m.sight !== null && fits(zones, m.sight)
  return masking(m, { ...change, rememberable, remembered: m.zones.get(cameraOf(m))?.remembered === true })
}

/** Zones as of what the camera shows now, noted for this camera; and on the device, where the person asked for it. */
function drawn(m: Model, zones: Zones): QuietStep {
  const camera = cameraOf(m)
  const now: Zones = { zones: zones.zones, inverse: zones.inverse, ...(m.sight !== null && { of: m.sight }) }
  const remembered = m.zones.get(camera)?.remembered === true
  const known = new Map<string, Known>(m.zones).set(camera, { zones: now, remembered })
  const next = shown({ ...m, zones: known }, { camera: { ...m.state.masking.camera, zones: now } })
  return remembered ? [next, { do: "zones-remember", camera, zones: now }] : [next]
}

type Doing = Extract<Action, { readonly do: "treat" | "zones-screen" | "zones-confirm" | "zones-remember" }>

export function ofMasking(m: Model, e: Doing): QuietStep {
  switch (e.do) {
    case "treat":
      return treat(m, e.change)
    case "zones-screen": {
      const next = masking(m, { screen: e.zones })
      return [next, told(next)]
    }
    case "zones-confirm": {
      const [next, ...effects] = drawn(m, m.state.masking.camera.zones)
      return [next, told(next), { do: "zones-confirm" }, ...effects]
    }
    case "zones-remember": {
      const { camera, rememberable } = m.state.masking
      const known = new Map(m.zones).set(cameraOf(m), { zones: camera.zones, remembered: e.on })
      if (!e.on) return [shown({ ...m, zones: known }), { do: "zones-remember", camera: cameraOf(m), zones: null }]
      return rememberable ? drawn({ ...m, zones: known }, camera.zones) : [m]
    }
  }
}

function treat(m: Model, { zones, ...wish }: Partial<Treatment>): QuietStep {
  const before = m.state.masking.camera
  const barred = m.state.masking.required && wish.strength === "off"
  const camera: Treatment = { ...before, ...wish, ...(barred && { strength: before.strength }) }
  const [next, ...effects] = zones === undefined ? [masking(m, { camera })] : drawn(masking(m, { camera }), zones)
  const after = next.state.masking.camera
  const { standing } = m.state.masking
  // Until the pipeline says something else, a picture that is newly treated is all covered.
  const begins = !treats(before) || standing.is === "unavailable"
  const said = treats(after) && running(m) ? (begins ? LOADING : standing) : OFF
  const changed = masking(next, { standing: said })
  return [changed, told(changed), ...(Object.keys(wish).length > 0 ? [{ do: "keep" } as const] : []), ...effects]
}

/** Before a camera or a screen is opened. */
export function cameraOn(m: Model, source: "camera" | "screen"): QuietStep {
  const next = source === "camera" ? masking(m, { standing: treats(m.state.masking.camera) ? LOADING : OFF }) : m
  return [next, told(next)]
}

/**
 * Another camera is chosen. Its own zones come with it; where it has none, those
 * of the other stay and do not fit, so that everything is covered until
 * somebody says what is to be.
 */
export function cameraChosen(m: Model): Model {
  const next = { ...m, sight: null }
  const known = next.zones.get(cameraOf(next))
  return shown(next, known === undefined ? {} : { camera: { ...m.state.masking.camera, zones: known.zones } })
}

/** What the frames are like is known where they are seen: a camera says less, and says it once. */
const turned = (m: Model, standing: Standing): Model =>
  standing.is === "zones" && standing.aspect !== undefined && m.sight !== null
    ? shown({ ...m, sight: { ...m.sight, aspect: standing.aspect } })
    : m

/** What the pipeline and the camera say. */
export function ofTreated(m: Model, e: Extract<DeviceReport, { on: "standing" | "sight" | "capture" }>): QuietStep {
  switch (e.on) {
    case "capture": {
      if (e.source === "screen" && !running(m, "screen")) return [masking(m, { screenStanding: OFF })]
      // Why it does not come on is still to be read when it is off.
      const ends = e.source === "camera" && !running(m) && m.state.masking.standing.is !== "unavailable"
      return [ends ? masking(m, { standing: OFF }) : m]
    }
    case "standing": {
      if (!running(m, e.of)) return [m]
      if (e.of === "screen") return [masking(m, { screenStanding: e.standing })]
      const next = masking(turned(m, e.standing), { standing: e.standing })
      return e.standing.is === "unavailable" ? [next, { do: "stop", source: "camera" }] : [next]
    }
    case "sight": {
      const next = { ...m, sight: { camera: e.camera, aspect: e.aspect } }
      const known = next.zones.get(e.camera)
      const { camera } = m.state.masking
      if (known === undefined || camera.zones.of?.camera === e.camera) return [shown(next)]
      const own = shown(next, { camera: { ...camera, zones: known.zones } })
      return [own, told(own)]
    }
  }
}

/** Whether faces are to be masked: as the room's rules say, and until they are known as the link says. */
export function wanted({ room, link, state }: Model): boolean {
  if (room === null || (room.rules.version === 0 && state.stage.at !== "call")) return link.masked || room?.rules.masked === true
  return room.rules.masked
}

/** A camera that is on is masked from now on; nobody's masks come off when the rule goes. */
export function required(m: Model, wanted: boolean): QuietStep {
  const next = m.state.masking.required === wanted ? m : masking(m, { required: wanted })
  return wanted && next.state.masking.camera.strength === "off" ? treat(next, { strength: "faces" }) : [next]
}

/** What is given away during a call says of the rule what holds now. */
export function marked(m: Model): QuietStep {
  const { room, link, state } = m
  if (state.stage.at !== "call" || room === null || room.rules.masked === link.masked) return [m]
  const { masked } = room.rules
  const invitations = m.invitations.map((i) => ({ ...i, link: textSaying(masked, i.link) }))
  return [
    { ...m, link: { ...link, masked }, invitations },
    { do: "mark-link", masked },
  ]
}

// ---- What outlives a page ----

/** What is kept for this tab. */
export type Preferences = Pick<Treatment, "strength" | "fill" | "background">

export const preferencesOf = ({ strength, fill, background }: Treatment): Preferences => ({ strength, fill, background })

const one = <T extends string>(value: unknown, ...all: readonly T[]): T | undefined => all.find((each) => each === value)

/** Null unless it is what a page keeps. */
export function readPreferences(value: unknown): Preferences | null {
  if (typeof value !== "object" || value === null) return null
  const fields: Readonly<Record<string, unknown>> = { ...value }
  const strength = one(fields["strength"], "off", "faces", "body")
  const fill = one(fields["fill"], "pattern", "flat", "avatar")
  const background = one(fields["background"], "none", "blur", "plain", "drawn")
  return strength === undefined || fill === undefined || background === undefined ? null : { strength, fill, background }
}

/** A model as a page left it: with what the tab keeps, and the zones that this device remembers, the newest last. */
export function recalled(m: Model, preferences: Preferences | null, zones: ReadonlyMap<string, Zones>, chosen = ""): Model {
  const known = new Map([...zones].map(([camera, of]): [string, Known] => [camera, { zones: of, remembered: true }]))
  const own = zones.get(chosen) ?? (chosen === "" ? [...zones.values()].at(-1) : undefined) ?? NO_ZONES
  const { devices } = m.state
  const state = { ...m.state, devices: { ...devices, chosen: { ...devices.chosen, camera: chosen } } }
  return shown({ ...m, state, zones: known }, { camera: { ...m.state.masking.camera, ...preferences, zones: own } })
}

/** How a camera was treated when its page went away. */
export interface Treated extends Preferences {
  readonly device: string // which camera; "" is the system's
  readonly zones: boolean // it had some
}

export const treatedAs = (m: Model): Treated => {
  const { camera } = m.state.masking
  return { ...preferencesOf(camera), device: cameraOf(m), zones: covering(camera.zones) }
}

/** Whether a page that comes back can treat its camera as it was; if not, the camera stays off. */
export function asBefore({ state }: Model, was: Treated): boolean {
  const { strength, fill, background, zones } = state.masking.camera
  const same = strength === was.strength && fill === was.fill && background === was.background
  return same && covering(zones) === was.zones && (!was.zones || zones.of?.camera === was.device)
}
