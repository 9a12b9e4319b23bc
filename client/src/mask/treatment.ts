/**
 * What is done to a picture before anybody else gets it: how a person wishes
 * it, and how it stands. The page, the mask worker and the tests share these
 * types; they are plain data, so that they can be sent between threads.
 */

/** Pixels of the frame; may reach beyond its edges. */
export interface Box {
  readonly x: number // of the left edge
  readonly y: number // of the upper edge
  readonly width: number
  readonly height: number
}

/** A place in the frame, in fractions of its width and height, 0..1. */
export interface Point {
  readonly x: number
  readonly y: number
}

/** How much of a person is covered: nothing, every face, or the whole person. */
export type Strength = "off" | "faces" | "body"

/** What is painted in place of a face: nothing of it depends on a covered pixel. */
export type Fill = "pattern" | "flat" | "avatar"

/** An area that is always covered, as the corners of a polygon: a rectangle has four. */
export interface Zone {
  readonly id: number // of this device's zones, from 1
  readonly corners: readonly Point[] // 3..32
}

export interface Zones {
  readonly zones: readonly Zone[] // at most 16
  readonly inverse: boolean // everything except them is covered
  readonly of?: Sight // what they were drawn on; without it they fit whatever comes first
}

/** What a camera shows, as far as zones depend on it: on another they would cover other things. */
export interface Sight {
  readonly camera: string // device id
  readonly aspect: number // width by height, as the frames come: a phone that is turned has another
}

/** Whether zones may be taken for drawn on this: of two sizes of one camera the same place is in the same corner. */
export const fits = ({ of }: Zones, now: Sight): boolean =>
  of === undefined || (of.camera === now.camera && Math.abs(of.aspect / now.aspect - 1) < 0.02)

export type Background = "none" | "blur" | "plain" | "drawn"

/** All of it, for one source. */
export interface Treatment {
  readonly strength: Strength
  readonly fill: Fill
  readonly zones: Zones
  readonly background: Background
}

export const NO_ZONES: Zones = { zones: [], inverse: false }
export const NO_TREATMENT: Treatment = { strength: "off", fill: "pattern", zones: NO_ZONES, background: "none" }

/** Whether zones cover anything: without one, "everything except" covers all. */
export const covering = ({ zones, inverse }: Zones): boolean => zones.length > 0 || inverse

/** Whether anything is to be done at all: otherwise the picture needs no worker. */
export const treats = ({ strength, zones, background }: Treatment): boolean =>
  strength !== "off" || covering(zones) || background !== "none"

/** Whether pictures must be searched: zones need no network, and hold without one. */
export const searches = ({ strength, background }: Treatment): boolean => strength !== "off" || background !== "none"

/** How a treated picture stands, in the words that the person reads. */
export type Standing =
  | { readonly is: "off" } // nothing is treated
  | { readonly is: "loading"; readonly part: number } // 0..1 of what must come; everything is covered
  | { readonly is: "masked"; readonly faces: number } // as wished; how many faces are covered at present
  | { readonly is: "checking" } // a new scene, a new size, back from sleep: everything is covered until it was searched
  | { readonly is: "dark" } // too dark to find faces: everything is covered
  | { readonly is: "late" } // the machine does not keep up, or the worker is silent: everything is covered
  | { readonly is: "zones"; readonly aspect?: number } // the zones were drawn for another picture (of another aspect than this one): everything is covered until they are confirmed
  | { readonly is: "stopped" } // it broke, and begins anew by itself; nothing is sent meanwhile
  | { readonly is: "unavailable" } // it cannot work here (no model, failed self-test): the camera stays off
