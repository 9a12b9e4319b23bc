/**
 * One finished frame, from what the camera showed and what is to be covered.
 * What is covered is gone before anything else reads the picture, so that a
 * blurred background spreads nothing of it, and nothing that is painted later
 * opens it. A frame that is covered whole is painted from no pixel of the camera.
 */

import type { Cover, Silhouette } from "../cover/cover.ts"
import type { Form, Pixels } from "../port.ts"
import { type Box, covering, type Treatment, type Zones } from "../treatment.ts"
import { drawBackground } from "./background.ts"
import { Filler } from "./fill.ts"
import { personBoxes } from "./person.ts"
import { zoneBoxes } from "./zones.ts"

/** A frame of the camera, in the size in which it leaves. */
export interface Shot {
  readonly frame: VideoFrame
  readonly width: number
  readonly height: number
}

export class Painter {
  readonly #canvas = new OffscreenCanvas(2, 2)
  readonly #g = this.#canvas.getContext("2d", { alpha: false, desynchronized: false }) as OffscreenCanvasRenderingContext2D
  readonly #filler: Filler
  readonly #form: Form
  #zones: { of: Zones; width: number; height: number; boxes: readonly Box[] } | null = null

  constructor(seed: number, form: Form) {
    this.#filler = new Filler(seed)
    this.#form = form
  }

  /** Everything covered. */
  blank(width: number, height: number, { fill }: Treatment, timestamp: number): VideoFrame | ImageBitmap {
    this.#size(width, height)
    this.#filler.box(this.#g, { x: 0, y: 0, width, height }, fill, 0)
    return this.#finished(timestamp)
  }

  /** `seen`: the pixels of the frame in the size in which it leaves, if they were read already. */
  paint(
    shot: Shot,
    seen: Pixels | null,
    cover: Extract<Cover, { all: false }>,
    treatment: Treatment,
    person: Silhouette | null,
  ): VideoFrame | ImageBitmap {
    const { frame, width, height } = shot
    this.#size(width, height)
    const g = this.#g
    if (seen === null) g.drawImage(frame, 0, 0, width, height)
    else g.putImageData(new ImageData(seen.data, width, height), 0, 0)
    this.#cover(shot, cover, treatment)
    if (treatment.background !== "none") {
      // A background is made of what others may see, and lies over it: what is covered is covered again.
      drawBackground(g, treatment.background, person)
      this.#cover(shot, cover, treatment)
    }
    return this.#finished(frame.timestamp)
  }

  /** People, then faces, then zones. */
  #cover({ width, height }: Shot, cover: Extract<Cover, { all: false }>, { fill, zones }: Treatment): void {
    const g = this.#g
    if (cover.person !== null) for (const box of personBoxes(cover.person, width, height)) this.#filler.box(g, box, "flat", 0)
    for (const mask of cover.masks) this.#filler.box(g, mask, fill, mask.track)
    for (const box of this.#zoned(zones, width, height)) this.#filler.box(g, box, "flat", 0)
  }

  #zoned(zones: Zones, width: number, height: number): readonly Box[] {
    if (!covering(zones)) return []
    const before = this.#zones
    if (before?.of === zones && before.width === width && before.height === height) return before.boxes
    this.#zones = { of: zones, width, height, boxes: zoneBoxes(zones, width, height) }
    return this.#zones.boxes
  }

  #size(width: number, height: number): void {
    if (this.#canvas.width !== width) this.#canvas.width = width
    if (this.#canvas.height !== height) this.#canvas.height = height
  }

  #finished(timestamp: number): VideoFrame | ImageBitmap {
    return this.#form === "frame" ? new VideoFrame(this.#canvas, { timestamp, alpha: "discard" }) : this.#canvas.transferToImageBitmap()
  }
}
