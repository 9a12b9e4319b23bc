import type { VNode } from "preact"
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks"
import type { State, Tile } from "../call/state.ts"
import type { Say } from "../i18n.ts"
import { Drawings, drawingsOf, type Subject } from "./drawings.ts"
import { type Box, capacity, even, MOST_TILES, spotlight } from "./grid.ts"
import { Drawn } from "./icons.tsx"
import { pageOf } from "./pages.ts"
import { Spoken } from "./parts.tsx"
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

/** The numbers of a stage that decide what is on it. */
type Capacity = ReturnType<typeof capacity>

/**
 * Everybody on a page, in one list whatever the layout, so that no picture is
 * taken off the page and started anew when the layout changes.
 */
export const Stage = (view: View): VNode => {
  const { state, say } = view
  const [most, setMost] = useState<Capacity>({ even: MOST_TILES, spotlight: MOST_TILES })
  const [turned, turn] = useState(0)
  const subjects = useRef<readonly Subject[]>([])
  const all = shown(state)
  const large = largest(all, state.pinned)
  const { tiles, page, pages } = pageOf(all.length, large, large < 0 ? most.even : most.spotlight, turned)
  const others = all.flatMap((_, i) => (tiles.includes(i) ? [] : [i]))
  subjects.current = [...tiles, ...others].flatMap((i) => {
    const one = all[i]
    if (one === undefined) return []
    return { person: one.tile.person, of: one.screen === null ? "camera" : "screen", large: i === large, self: one.tile.self }
  })
  const arrange = useArranged(view, subjects, (now) => setMost((was) => (same(was, now) ? was : now)))
  return (
    <div class="stage-pages">
      {/* biome-ignore lint/a11y/noRedundantRoles: Safari drops the role of a list without bullets */}
      <ul class="stage" role="list" aria-label={say("call.people")} ref={arrange}>
        {tiles.map((i) => {
          const one = all[i]
          if (one === undefined) return null
          const { tile, screen } = one
          return screen === null ? (
            <PersonTile key={tile.person} tile={tile} large={i === large} view={view} />
          ) : (
            <ScreenTile key={`${tile.person} screen`} tile={tile} screen={screen} large={i === large} view={view} />
          )
        })}
      </ul>
      {pages > 1 && <Turner page={page} pages={pages} say={say} onTurn={turn} />}
    </div>
  )
}

const same = (a: Capacity, b: Capacity): boolean => a.even === b.even && a.spotlight === b.spotlight

interface TurnerProps {
  readonly page: number
  readonly pages: number
  readonly say: Say
  readonly onTurn: (page: number) => void
}

/** To the page before and the one after. A button at its end stays, so that the focus is not lost. */
const Turner = ({ page, pages, say, onTurn }: TurnerProps): VNode => {
  const button = (icon: "previous" | "next", to: number): VNode => {
    const idle = to < 0 || to >= pages
    return (
      <button
        type="button"
        class="turn"
        aria-label={say(`pages.${icon}`)}
        aria-disabled={idle || undefined}
        onClick={() => idle || onTurn(to)}
      >
        <Drawn icon={icon} />
      </button>
    )
  }
  return (
    <nav class="turner" aria-label={say("pages.title")}>
      {button("previous", page - 1)}
      <p role="status">
        <span aria-hidden="true">
          {page + 1}/{pages}
        </span>
        <Spoken>{say("pages.at", { n: page + 1, all: pages })}</Spoken>
      </p>
      {button("next", page + 1)}
    </nav>
  )
}

/**
 * Keeps the tiles in their places and tells how large they are drawn, and how
 * many there is room for. Returns what the list is to be given to.
 */
function useArranged(
  { act }: View,
  subjects: { readonly current: readonly Subject[] },
  onRoom: (most: Capacity) => void,
): (element: HTMLUListElement | null) => void {
  const list = useRef<HTMLUListElement | null>(null)
  const boxes = useRef<readonly Box[]>([])
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
        onRoom(capacity(element.clientWidth, element.clientHeight))
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
  useLayoutEffect(() => {
    if (list.current !== null) onRoom(capacity(list.current.clientWidth, list.current.clientHeight))
  }, [])
  useEffect(() => drawings.current?.changed())
  return (element) => {
    list.current = element
    if (element !== null) boxes.current = place(element) // before anything is painted: nothing jumps
  }
}
