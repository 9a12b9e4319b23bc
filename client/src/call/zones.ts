/**
 * The zones of cameras that a person asked this device to remember, in its
 * local storage: which camera, and where nothing is to be seen. Nothing else of
 * this client outlives a tab without being asked for. What cannot be read is
 * forgotten: whoever relied on it is asked anew.
 */

import type { Point, Sight, Zone, Zones } from "../mask/treatment.ts"

const KEY = "paravent zones"

const CAMERAS_MAX = 8 // the newest
const ZONES_MAX = 16
const CORNERS_MIN = 3
const CORNERS_MAX = 32
const ID_MAX = 256 // characters of a device id

type Fields = Readonly<Record<string, unknown>>
const isFields = (v: unknown): v is Fields => typeof v === "object" && v !== null && !Array.isArray(v)
const within = (v: unknown, least: number, most: number): v is number => typeof v === "number" && v >= least && v <= most

function pointOf(v: unknown): Point | null {
  if (!isFields(v)) return null
  const { x, y } = v
  return within(x, 0, 1) && within(y, 0, 1) ? { x, y } : null
}

function zoneOf(v: unknown, i: number): Zone | null {
  if (!isFields(v) || !Array.isArray(v["corners"]) || !within(v["corners"].length, CORNERS_MIN, CORNERS_MAX)) return null
  const corners = v["corners"].map(pointOf)
  return corners.every((corner) => corner !== null) ? { id: i + 1, corners } : null
}

function sightOf(v: unknown, camera: string): Sight | null {
  if (!isFields(v) || v["camera"] !== camera || !within(v["aspect"], 0.01, 100)) return null
  return { camera, aspect: v["aspect"] }
}

/** The zones of one camera. Half of them would be worse than none. */
function zonesOf(v: unknown, camera: string): Zones | null {
  if (!isFields(v) || !Array.isArray(v["zones"]) || v["zones"].length > ZONES_MAX || typeof v["inverse"] !== "boolean") return null
  const zones = v["zones"].map(zoneOf)
  const of = sightOf(v["of"], camera)
  return of !== null && zones.every((zone) => zone !== null) ? { zones, inverse: v["inverse"], of } : null
}

/** By device id, the newest last. */
export function parseZones(text: string): ReadonlyMap<string, Zones> {
  const found = new Map<string, Zones>()
  try {
    const value: unknown = JSON.parse(text)
    if (!Array.isArray(value)) return found
    for (const entry of value.slice(-CAMERAS_MAX) as unknown[]) {
      if (!isFields(entry)) continue
      const { camera } = entry
      if (typeof camera !== "string" || camera === "" || camera.length > ID_MAX) continue
      const zones = zonesOf(entry, camera)
      if (zones !== null) found.set(camera, zones)
    }
    return found
  } catch {
    return found
  }
}

export const zonesText = (all: ReadonlyMap<string, Zones>): string =>
  JSON.stringify([...all].slice(-CAMERAS_MAX).map(([camera, zones]) => ({ camera, ...zones })))

export function rememberedZones(): ReadonlyMap<string, Zones> {
  try {
    return parseZones(localStorage.getItem(KEY) ?? "[]")
  } catch {
    return new Map() // storage is switched off
  }
}

/** Remembers the zones of a camera in place of those it had; null forgets them. */
export function rememberZones(camera: string, zones: Zones | null): void {
  try {
    const all = new Map(rememberedZones())
    all.delete(camera)
    if (zones !== null) all.set(camera, zones)
    if (all.size === 0) localStorage.removeItem(KEY)
    else localStorage.setItem(KEY, zonesText(all))
  } catch {
    // As above: they hold for this page.
  }
}
