import type { ComponentChildren, VNode } from "preact"
import { useEffect, useRef, useState } from "preact/hooks"
import type { Point, Zone } from "../mask/treatment.ts"
import { Picture } from "./picture.tsx"
import type { View } from "./view.ts"
import { added, boundsOf, clicked, dragged, type Grip, grip, keyed, type Reach, rectangle, type Shape } from "./zones-edit.ts"

/** How near a finger or a mouse must come to a corner, in CSS px. */
const REACH = 22

/** What a picture is as wide as high before it is there. */
const USUAL_ASPECT = 16 / 9

interface Props {
  readonly view: View
  readonly picture: MediaStream | null
  readonly mirrored: boolean
  readonly seen: readonly Zone[] // in the picture as it is seen
  readonly shape: Shape
  readonly selected: Grip | null
  readonly inverse: boolean
  readonly full: boolean // no zone more
  readonly onDraw: (zones: readonly Zone[]) => void
  readonly onSelect: (grip: Grip | null) => void
  readonly onAspect: (aspect: number) => void // of the picture, once it is known
  readonly children: ComponentChildren
}

/** What a pointer that is down does. */
type Doing = { readonly from: Point; readonly to: Point; readonly grip: Grip | null }

export const ZonesStage = (props: Props): VNode => {
  const { view, picture, seen, shape, selected } = props
  const stage = useRef<HTMLDivElement>(null)
  const aspect = useAspect(stage, picture, props.onAspect)
  const [doing, setDoing] = useState<Doing | null>(null)
  const [draft, setDraft] = useState<readonly Point[]>([])
  useEffect(() => setDraft([]), [shape])
  useFocusOn(stage, selected)

  const place = (event: PointerEvent): { at: Point; reach: Reach } => {
    const { left, top, width, height } = (stage.current as HTMLDivElement).getBoundingClientRect()
    return {
      at: { x: (event.clientX - left) / width, y: (event.clientY - top) / height },
      reach: { x: REACH / width, y: REACH / height },
    }
  }
  const close = (corners: readonly Point[]): void => {
    setDraft([])
    const next = added(seen, corners)
    if (next === seen) return
    props.onDraw(next)
    props.onSelect({ zone: next.at(-1)?.id ?? 0, corner: null })
  }
  const down = (event: PointerEvent & { currentTarget: HTMLDivElement }): void => {
    if (event.button !== 0) return
    const { at, reach } = place(event)
    const under = draft.length > 0 ? null : grip(seen, selected?.zone ?? null, at, reach)
    event.currentTarget.setPointerCapture(event.pointerId)
    event.currentTarget.focus({ preventScroll: true }) // Enter and Escape are for what is being drawn
    setDoing({ from: at, to: at, grip: under })
    if (under !== null) props.onSelect(under)
  }
  const up = (event: PointerEvent): void => {
    if (doing === null) return
    const { at, reach } = place(event)
    setDoing(null)
    const by = { x: at.x - doing.from.x, y: at.y - doing.from.y }
    if (doing.grip !== null) return props.onDraw(dragged(seen, doing.grip, by))
    if (props.full) return
    if (shape === "rectangle") return close(rectangle(doing.from, at))
    const next = clicked(draft, at, reach)
    if (next.closed) close(next.draft)
    else setDraft(next.draft)
  }
  const key = (event: KeyboardEvent): void => {
    if (draft.length > 0 && (event.key === "Enter" || event.key === "Escape")) {
      event.stopPropagation()
      event.preventDefault()
      return event.key === "Enter" ? close(draft) : setDraft([])
    }
    const next = selected === null ? null : keyed(seen, selected, event.key, event.shiftKey)
    if (selected === null || next === null) return
    event.preventDefault()
    props.onDraw(next)
    const last = next.at(-1)
    if (next.length < seen.length) props.onSelect(last === undefined ? null : { zone: last.id, corner: null })
    else if (event.key === "Delete" || event.key === "Backspace") props.onSelect({ zone: selected.zone, corner: null })
  }

  const by = doing === null ? null : { x: doing.to.x - doing.from.x, y: doing.to.y - doing.from.y }
  const now = doing?.grip != null && by !== null ? dragged(seen, doing.grip, by) : seen
  const growing = doing !== null && doing.grip === null && shape === "rectangle" ? rectangle(doing.from, doing.to) : draft
  return (
    <div class="zones-box" style={{ "--aspect": aspect }}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: what a pointer does here, keys do on the zones inside */}
      <div
        class="zones-stage hued"
        ref={stage}
        tabIndex={-1}
        data-inverse={props.inverse}
        onMouseDown={(e) => e.preventDefault()}
        onPointerDown={down}
        onPointerMove={(e) => doing !== null && setDoing({ ...doing, to: place(e).at })}
        onPointerUp={up}
        onPointerCancel={() => setDoing(null)}
        onKeyDown={key}
      >
        {picture === null ? (
          <p class="behind">{view.say("zones.no-picture")}</p>
        ) : (
          <Picture stream={picture} mirrored={props.mirrored} whole />
        )}
        <svg class="zones-drawn" viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true" focusable="false">
          {now.map((zone) => (
            <polygon key={zone.id} points={points(zone.corners)} data-selected={zone.id === selected?.zone} />
          ))}
          {growing.length > 0 && <polygon class="growing" points={points(growing)} />}
        </svg>
        {growing === draft && draft.map((corner, i) => <i class="zones-dot" key={i} style={at(corner)} />)}
        {now.map((zone, i) => (
          <ZoneHandles key={zone.id} zone={zone} number={i + 1} {...props} />
        ))}
      </div>
      {props.children}
      <p class="spoken" role="status">
        {draft.length > 0 && view.say("zones.corners.other", { n: draft.length })}
      </p>
    </div>
  )
}

const points = (corners: readonly Point[]): string => corners.map(({ x, y }) => `${x},${y}`).join(" ")
const percent = (part: number): number => Math.round(part * 100)
const at = ({ x, y }: Point): Record<string, string> => ({ left: `${x * 100}%`, top: `${y * 100}%` })

/** For keys and screen readers: the zone, and each of its corners once it is chosen. A pointer grips what is drawn. */
const ZoneHandles = ({ zone, number, selected, view, onSelect }: Props & { zone: Zone; number: number }): VNode => {
  const { x, y, width, height } = boundsOf(zone.corners)
  const where = { n: number, x: percent(x), y: percent(y), width: percent(width), height: percent(height) }
  const chosen = selected?.zone === zone.id
  return (
    <>
      <button
        type="button"
        class="zone-handle"
        data-grip={`${zone.id}`}
        aria-label={view.say("zones.zone", where)}
        aria-pressed={chosen}
        style={{ ...at({ x, y }), width: `${width * 100}%`, height: `${height * 100}%` }}
        onFocus={() => onSelect({ zone: zone.id, corner: null })}
      />
      {chosen &&
        zone.corners.map((corner, i) => (
          <button
            type="button"
            class="zone-corner"
            key={i}
            data-grip={`${zone.id}-${i}`}
            aria-label={view.say("zones.corner", { n: number, corner: i + 1, all: zone.corners.length })}
            style={at(corner)}
            onFocus={() => onSelect({ zone: zone.id, corner: i })}
          />
        ))}
    </>
  )
}

/** The picture's own shape, as soon as it is known, and when it changes. */
function useAspect(
  stage: { readonly current: HTMLElement | null },
  picture: MediaStream | null,
  onAspect: (aspect: number) => void,
): number {
  const [aspect, setAspect] = useState(USUAL_ASPECT)
  useEffect(() => {
    const video = stage.current?.querySelector("video")
    if (video == null) return
    const read = (): void => {
      if (video.videoWidth === 0 || video.videoHeight === 0) return
      setAspect(video.videoWidth / video.videoHeight)
      onAspect(video.videoWidth / video.videoHeight)
    }
    read()
    video.addEventListener("resize", read)
    return () => video.removeEventListener("resize", read)
  }, [picture])
  return aspect
}

/**
 * What is chosen has the focus, so that keys go on where a pointer stopped. Once
 * for each choice, as soon as it is drawn: afterwards the focus goes where
 * somebody takes it.
 */
function useFocusOn(stage: { readonly current: HTMLElement | null }, selected: Grip | null): void {
  const given = useRef("")
  useEffect(() => {
    const name = selected === null ? "" : selected.corner === null ? `${selected.zone}` : `${selected.zone}-${selected.corner}`
    if (name === given.current) return
    const handle = stage.current?.querySelector<HTMLElement>(`[data-grip="${name}"]`) ?? null
    if (handle === null && name !== "") return // not drawn yet
    given.current = name
    handle?.focus({ preventScroll: true })
  })
}
