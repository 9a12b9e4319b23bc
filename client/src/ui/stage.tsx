import type { VNode } from "preact"
import { useEffect, useRef } from "preact/hooks"
import type { State, Tile } from "../call/state.ts"
import { Drawings, drawingsOf, type Subject } from "./drawings.ts"
import { type Box, even, spotlight } from "./grid.ts"
import { PersonTile, ScreenTile } from "./tile.tsx"
import type { View } from "./view.ts"

interface Shown {
  readonly tile: Tile
  readonly screen: MediaStream | null // the tile is this shared screen; null: the person
}

/**
 * What is on the stage, in order: each person, and after them their shared
 * screen. The own screen is left out: whoever shares it sees it already.
 */
export function shown(state: Pick<State, "tiles" | "hideSelf">): Shown[] {
  const others = state.tiles.some((tile) => !tile.self)
  return state.tiles.flatMap((tile) => {
    const person: Shown[] = tile.self && state.hideSelf && others ? [] : [{ tile, screen: null }]
    return tile.screen === null || tile.self ? person : [...person, { tile, screen: tile.screen }]
  })
}

/** Which of them is large: what was pinned, else the first shared screen; -1 for none. */
export function largest(all: readonly Shown[], pinned: string | null): number {
  const screenOf = (person: string | null): number =>
    all.findIndex((s) => s.screen !== null && (person === null || s.tile.person === person))
  if (pinned === null) return screenOf(null)
  const screen = screenOf(pinned)
  const person = all.findIndex((s) => s.tile.person === pinned)
  return screen >= 0 ? screen : person >= 0 ? person : screenOf(null)
}

/**
 * Gives every tile its place. The tiles are written to directly, because only
 * the browser knows how large the stage is, and it says so at any time.
 */
function place(list: HTMLElement): readonly Box[] {
  const tiles = Array.from(list.children).filter((child) => child instanceof HTMLElement)
  const large = tiles.findIndex((tile) => tile.dataset["large"] === "true")
  const { clientWidth: w, clientHeight: h } = list
  const boxes = large < 0 ? even(tiles.length, w, h) : spotlight(tiles.length, large, w, h)
  tiles.forEach((tile, i) => {
    const box = boxes[i]
    if (box === undefined) return
    tile.style.insetInlineStart = `${box.x}px`
    tile.style.insetBlockStart = `${box.y}px`
    tile.style.inlineSize = `${box.width}px`
    tile.style.blockSize = `${box.height}px`
  })
  return boxes
}

/**
 * Everybody, in one list whatever the layout, so that no picture is taken off
 * the page and started anew when the layout changes.
 */
export const Stage = (view: View): VNode => {
  const { state, act, say } = view
  const list = useRef<HTMLUListElement | null>(null)
  const boxes = useRef<readonly Box[]>([])
  const subjects = useRef<readonly Subject[]>([])
  const drawings = useRef<Drawings | null>(null)
  useEffect(() => {
    const element = list.current
    if (element === null) return
    const told = new Drawings(
      () => {
        const { scrollTop: from, clientHeight: height } = element
        return drawingsOf(subjects.current, { boxes: boxes.current, from, height, ratio: devicePixelRatio })
      },
      (now) => act({ do: "drawn", drawings: now }),
    )
    drawings.current = told
    let next = 0
    const observer = new ResizeObserver(() => {
      cancelAnimationFrame(next)
      // Not at once: a bar for scrolling that comes or goes would resize the stage within its own notice.
      next = requestAnimationFrame(() => {
        boxes.current = place(element)
        told.changed()
      })
    })
    const scrolled = (): void => told.changed()
    const turned = (): void => told.visible(!document.hidden)
    observer.observe(element)
    element.addEventListener("scroll", scrolled, { passive: true })
    document.addEventListener("visibilitychange", turned)
    turned()
    return () => {
      observer.disconnect()
      cancelAnimationFrame(next)
      element.removeEventListener("scroll", scrolled)
      document.removeEventListener("visibilitychange", turned)
      drawings.current = null
      told.end()
    }
  }, [])
  const all = shown(state)
  const large = largest(all, state.pinned)
  subjects.current = all.map(({ tile, screen }, i) => ({
    person: tile.person,
    of: screen === null ? "camera" : "screen",
    large: i === large,
    self: tile.self,
  }))
  useEffect(() => drawings.current?.changed())
  const arrange = (element: HTMLUListElement | null): void => {
    list.current = element
    if (element !== null) boxes.current = place(element) // before anything is painted: nothing jumps
  }
  return (
    // biome-ignore lint/a11y/noRedundantRoles: Safari drops the role of a list without bullets
    <ul class="stage" role="list" aria-label={say("call.people")} ref={arrange}>
      {all.map(({ tile, screen }, i) =>
        screen === null ? (
          <PersonTile key={tile.person} tile={tile} large={i === large} view={view} />
        ) : (
          <ScreenTile key={`${tile.person} screen`} tile={tile} screen={screen} large={i === large} view={view} />
        ),
      )}
    </ul>
  )
}
