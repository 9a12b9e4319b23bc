/**
 * Every message between the page, the mask worker and the full worker. The two
 * workers are one script and talk over a channel of their own (`full`), so that
 * no picture passes through the page on the way between them.
 */

import type { Face, Silhouette } from "./cover/cover.ts"
import type { Loaded } from "./detect/load.ts"
import type { Has, Path } from "./path.ts"
import type { Standing, Treatment } from "./treatment.ts"

/** Pixels of a frame or of a smaller picture of it: RGBA, row by row. */
export interface Pixels {
  readonly data: Uint8ClampedArray<ArrayBuffer>
  readonly width: number
  readonly height: number
}

/** In which form finished frames leave: what the sink takes. */
export type Form = "frame" | "bitmap"

// ---- Page and workers ----

/** The first message says what a worker is. */
export type ToMask =
  | { readonly do: "has" } // only asked what there is, see path.ts
  | {
      readonly do: "mask"
      readonly full: MessagePort
      readonly treatment: Treatment
      readonly camera: string
      readonly path: Path
      readonly loaded: Loaded | null // by workers before; null: it is still to be fetched
    }
  | { readonly do: "treat"; readonly treatment: Treatment; readonly camera: string }
  | { readonly do: "frames"; readonly from: ReadableStream<VideoFrame> } // the camera, where a browser can move it
  | { readonly do: "track"; readonly track: MediaStreamTrack } // a copy of the camera's track, where a worker can read it
  | { readonly do: "frame"; readonly frame: VideoFrame } // one of it, where not: not before the last was "taken"
  | { readonly do: "mute" } // the camera, or the page, is gone for a while: what comes next is a new scene
  | { readonly do: "end" } // give back every frame, and be over

export type ToFull = { readonly do: "full"; readonly mask: MessagePort }

export type FromMask =
  | { readonly on: "has"; readonly has: Has }
  | { readonly on: "generated"; readonly track: MediaStreamTrack } // what the worker writes to
  | { readonly on: "alive" } // several times a second, as long as nothing else is said
  | { readonly on: "loading"; readonly part: number }
  | { readonly on: "loaded"; readonly loaded: Loaded } // to be given to the workers that come after
  | { readonly on: "ready" } // from now on silence is a fault
  | { readonly on: "taken" } // the frame; another may come
  | {
      readonly on: "released"
      readonly picture: VideoFrame | ImageBitmap | null // null: the worker wrote it to its own track
      readonly searched: boolean // not just covered because nothing is known yet
      readonly late: number // ms between camera and here
    }
  | { readonly on: "standing"; readonly standing: Standing }
  | { readonly on: "fault" } // it broke: to be begun anew
  | { readonly on: "unavailable" } // it cannot work here

// ---- Between the workers ----

/** `known`: what the fast networks found, which all others are to add to; null: no faces are asked for. */
export type Ask = { readonly id: number; readonly pixels: Pixels; readonly known: readonly Face[] | null; readonly person: boolean }

/** First what the mask worker has loaded for both, then what is to be searched. */
export type Asks = { readonly do: "open"; readonly loaded: Loaded } | ({ readonly do: "search" } & Ask)

export type Answer =
  | { readonly on: "ready" }
  | { readonly on: "unavailable" }
  | { readonly on: "found"; readonly id: number; readonly faces: readonly Face[] | null; readonly person: Silhouette | null }
  | { readonly on: "fault" }
