/** In which layers pictures are sent, how large each is and what it may cost. Pure. */

/** How much of a track anybody is shown (Watch.size and Wanted.size on the wire). */
export type Size = "none" | "small" | "medium" | "large"

/** What is sent at most. Lines are those of a picture of 16:9 with as many pixels. */
export interface Budget {
  readonly lines: number
  readonly maxBitrate: number // bit/s
  readonly maxFramerate: number
}

/**
 * The most a camera sends in a room of so many people, this one included. How
 * much of it is sent follows from what is wanted (layers): this only keeps a
 * large room within what its members' uplinks and the server carry together.
 */
export const cameraBudget = (people: number): Budget => (people <= 12 ? SMALL_ROOM : people <= 30 ? LARGE_ROOM : HALL)

const SMALL_ROOM: Budget = { lines: 720, maxBitrate: 1_700_000, maxFramerate: 30 }
const LARGE_ROOM: Budget = { lines: 720, maxBitrate: 1_300_000, maxFramerate: 24 }
const HALL: Budget = { lines: 540, maxBitrate: 800_000, maxFramerate: 20 }

/** A shared screen: sharp rather than smooth. */
export const SCREEN_BUDGET: Budget = { lines: 1080, maxBitrate: 2_500_000, maxFramerate: 15 }

/** In which layers a source is sent. */
export interface Ladder {
  readonly rids: readonly string[] // from the smallest, each twice as high as the one before
  readonly least: number // lines: no layer is smaller, but one that is alone
}

/** 135 lines are also the least of which encoders make a layer beside others. */
export const CAMERA_LADDER: Ladder = { rids: ["q", "h", "f"], least: 135 }

/** Letters of less than 360 lines say nothing to anybody. */
export const SCREEN_LADDER: Ladder = { rids: ["h", "f"], least: 360 }

/**
 * How layers are sent: each as a stream of its own (simulcast, RFC 8853), or
 * as spatial layers of one stream, which cost less bandwidth (W3C webrtc-svc);
 * or the largest that is wanted, alone.
 */
export type Way = "simulcast" | "svc" | "single"

/**
 * How a codec's layers are best sent. Without scalability modes (Firefox) the
 * largest of several layers of VP9 is encoded half as high as it is said to
 * be. Chromium's spatial layers of a screen would be qualities of one size.
 */
export function wayOf(codec: "VP8" | "VP9" | "AV1", { scalable, screen }: { readonly scalable: boolean; readonly screen: boolean }): Way {
  if (codec === "VP9" && !scalable) return "single"
  return codec === "VP8" || !scalable || screen ? "simulcast" : "svc"
}

/** RTCRtpEncodingParameters, as far as they are ours. */
export interface Encoding {
  readonly rid?: string
  readonly active: boolean
  readonly maxBitrate: number
  readonly maxFramerate: number
  readonly scaleResolutionDownBy: number
  readonly scalabilityMode?: string
}

export interface Sending {
  readonly way: Way
  readonly ladder: Ladder
  readonly budget: Budget
  readonly captured: number // lines
  readonly wanted: Size
  readonly scalable: boolean // the browser knows scalability modes
}

const DEPTH: Readonly<Record<Size, number>> = { none: 0, small: 1, medium: 2, large: 3 }

/** What fewer pixels may cost: a picture of half the lines needs more than a quarter of the bits. */
const ECONOMY = 1.75

/** What spatial layers need in all, over the highest alone. */
const SVC_OVERHEAD = 1.2

/** Lines of a picture of any shape; 0 for one that is not known yet. */
export const linesOf = (width: number | undefined, height: number | undefined): number => Math.sqrt((width ?? 0) * (height ?? 0) * (9 / 16))

/** What to encode of a source. In simulcast always as many encodings as the ladder has, for they cannot become more. */
export function encodings({ way, ladder, budget, captured, wanted, scalable }: Sending): Encoding[] {
  const { rids, least } = ladder
  const lines = captured > 0 ? captured : budget.lines
  const top = Math.min(lines, budget.lines)
  const there = Math.max(1, Math.min(rids.length, 1 + Math.floor(Math.log2(top / least))))
  const sent = Math.min(there, DEPTH[wanted])
  // Layer i is 2 ** down(i) times smaller than the highest there can be.
  const down = (i: number): number => Math.max(0, there - 1 - i)
  const encoding = (i: number, active: boolean): Encoding => ({
    active,
    maxBitrate: Math.round(budget.maxBitrate * (top / budget.lines / 2 ** down(i)) ** ECONOMY),
    maxFramerate: budget.maxFramerate,
    scaleResolutionDownBy: (lines / top) * 2 ** down(i),
  })
  if (way === "simulcast") {
    const mode = scalable ? { scalabilityMode: "L1T3" } : {}
    return rids.map((rid, i) => ({ rid, ...encoding(i, i < sent), ...mode }))
  }
  const spatial = sent > 0 ? sent : there // of a stopped encoding nothing else need change
  const highest = encoding(spatial - 1, sent > 0)
  if (way === "single") return [highest]
  if (spatial === 1) return [{ ...highest, scalabilityMode: "L1T3" }]
  return [{ ...highest, maxBitrate: Math.round(highest.maxBitrate * SVC_OVERHEAD), scalabilityMode: `L${spatial}T3_KEY` }]
}
