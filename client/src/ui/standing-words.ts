/** How a masked picture stands, in words. Pure. */

import type { Masking } from "../call/state.ts"
import type { Say } from "../i18n.ts"
import { covering, type Treatment } from "../mask/treatment.ts"

/** Calm: as wished. Busy: soon. Warm: everything is covered, and somebody should know why. Alarm: no picture. */
export type Tone = "calm" | "busy" | "warm" | "alarm"

export interface Words {
  readonly tone: Tone
  readonly text: string
  readonly short: string // where there is little room
}

/** A reader is told of a download in quarters, not of every per cent. */
const QUARTERS = 4

/** Null: nothing is treated, so there is nothing to say. */
export function standingWords({ camera, standing }: Pick<Masking, "camera" | "standing">, say: Say): Words | null {
  switch (standing.is) {
    case "off":
      return null
    case "loading": {
      const part = Math.floor(standing.part * QUARTERS) * (100 / QUARTERS)
      const text = part === 100 ? say("stand.starting") : say("stand.loading", { part })
      return { tone: "busy", text, short: say("stand.covered") }
    }
    case "checking":
      return { tone: "busy", text: say("stand.checking"), short: say("stand.covered") }
    case "dark":
    case "late":
    case "zones":
      return { tone: "warm", text: say(`stand.${standing.is}`), short: say("stand.covered") }
    case "stopped":
    case "unavailable":
      return { tone: "alarm", text: say(`stand.${standing.is}`), short: say("stand.pictureless") }
    case "masked":
      return asWished(camera, standing.faces, say)
  }
}

function asWished({ strength, zones }: Treatment, faces: number, say: Say): Words {
  if (strength === "faces" && faces === 0) return { tone: "warm", text: say("stand.none"), short: say("stand.faceless") }
  const text =
    strength === "off"
      ? say(covering(zones) ? "stand.zoned" : "stand.background")
      : say(strength === "body" ? "stand.body" : "stand.masked")
  return { tone: "calm", text, short: say(strength === "off" ? "stand.own" : "stand.masked") }
}
