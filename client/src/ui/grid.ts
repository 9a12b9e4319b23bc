/** Where the tiles go: arithmetic only, in CSS pixels. */

export interface Box {
  readonly x: number // from the inline start of the stage
  readonly y: number
  readonly width: number
  readonly height: number
}

interface Grid {
  readonly columns: number
  readonly rows: number
  readonly width: number // of one tile
  readonly height: number
}

export const GAP = 10 // between tiles

/** Width over height of a tile: a camera's own shape at most, and on an upright stage down to that of a held phone. */
const WIDEST = 16 / 9
const NARROWEST = 3 / 5

/** No tile is narrower than this; a stage too small for all of them scrolls. */
const SMALLEST = 88

/** On one page are so many tiles at most: seven rows of seven. */
export const MOST_TILES = 49

/** So narrow the tiles of a page may become before some go to the next one; beside a large one they may be smaller. */
const PAGED = 160
const PAGED_BESIDE = 120

/** So many are on one page however small the stage is. */
const LEAST_TILES = 9

/** How many tiles of at least that width there is room for. */
function roomFor(w: number, h: number, least: number): number {
  const columns = Math.floor((w + GAP) / (least + GAP))
  const rows = Math.floor((h + GAP) / (least / WIDEST + GAP))
  return Math.max(LEAST_TILES, Math.min(MOST_TILES, columns * rows))
}

/** How many tiles are on one page of a w × h stage, and how many if one of them is large. */
export function capacity(w: number, h: number): { readonly even: number; readonly spotlight: number } {
  const { upright, strip } = halves(w, h)
  const beside = upright ? roomFor(w, strip, PAGED_BESIDE) : roomFor(strip, h, PAGED_BESIDE)
  return { even: roomFor(w, h, PAGED), spotlight: Math.min(MOST_TILES, 1 + beside) }
}

const narrowest = (w: number, h: number): number => (h > w ? NARROWEST : WIDEST)

/** The tile of `columns` columns and as many rows as n tiles need. */
function fit(n: number, columns: number, w: number, h: number): Grid {
  const rows = Math.ceil(n / columns)
  const cellWidth = (w - GAP * (columns - 1)) / columns
  const cellHeight = (h - GAP * (rows - 1)) / rows
  const height = Math.floor(Math.min(cellHeight, cellWidth / narrowest(w, h)))
  return { columns, rows, width: Math.floor(Math.min(cellWidth, height * WIDEST)), height }
}

/**
 * The grid of n equal tiles with the largest tiles. When even those are too
 * small, the grid is as wide as the stage and longer than it.
 */
export function grid(n: number, w: number, h: number): Grid {
  let best = fit(n, 1, w, h)
  for (let columns = 2; columns <= n; columns++) {
    const next = fit(n, columns, w, h)
    if (next.width > 0 && next.width * next.height > best.width * best.height) best = next
  }
  if (best.width >= SMALLEST && best.height >= SMALLEST / WIDEST) return best
  const columns = Math.max(1, Math.min(n, Math.floor((w + GAP) / (SMALLEST + GAP))))
  const width = Math.max(1, Math.floor((w - GAP * (columns - 1)) / columns))
  return { columns, rows: Math.ceil(n / columns), width, height: Math.max(1, Math.floor(width / WIDEST)) }
}

/** n equal tiles in the middle of a w × h stage; the last row is centred too. */
export function even(n: number, w: number, h: number): Box[] {
  if (n === 0) return []
  const { columns, rows, width, height } = grid(n, w, h)
  const top = Math.max(0, Math.floor((h - rows * height - GAP * (rows - 1)) / 2))
  return Array.from({ length: n }, (_, i) => {
    const row = Math.floor(i / columns)
    const inRow = row === rows - 1 ? n - row * columns : columns
    const left = Math.floor((w - inRow * width - GAP * (inRow - 1)) / 2)
    return { x: left + (i % columns) * (width + GAP), y: top + row * (height + GAP), width, height }
  })
}

/**
 * A large tile and a strip for the others: beside it on a wide stage, below it
 * on an upright one. The strip takes what a 16:9 picture leaves over, and a
 * fifth of the stage at least.
 */
function halves(w: number, h: number): { readonly upright: boolean; readonly main: number; readonly strip: number } {
  const upright = h > w
  const length = upright ? h : w
  const spare = upright ? h - w / WIDEST : w - h * WIDEST
  const strip = Math.floor(Math.min(length * 0.4, Math.max(length * 0.2, spare - GAP)))
  return { upright, main: length - strip - GAP, strip }
}

/** One tile large, the others in the strip. */
export function spotlight(n: number, large: number, w: number, h: number): Box[] {
  if (n < 2) return Array.from({ length: n }, () => ({ x: 0, y: 0, width: w, height: h }))
  const { upright, main, strip } = halves(w, h)
  const rest = upright ? even(n - 1, w, strip) : even(n - 1, strip, h)
  const boxes = rest.map((b) => (upright ? { ...b, y: b.y + main + GAP } : { ...b, x: b.x + main + GAP }))
  boxes.splice(large, 0, upright ? { x: 0, y: 0, width: w, height: main } : { x: 0, y: 0, width: main, height: h })
  return boxes
}
