/**
 * Which tiles are on a page where a room has more than fit. The order is that
 * of arrival and nobody moves to the front for speaking: what is shown is asked
 * of the server, which must not learn who speaks. Pure.
 */

interface Page {
  readonly tiles: readonly number[] // numbers of the tiles, in their order
  readonly page: number // from 0
  readonly pages: number
}

/**
 * Of n tiles those on one page of `most`. One that is large (-1: none) is on
 * every page. A page that there is none of any more is the last one.
 */
export function pageOf(n: number, large: number, most: number, wanted: number): Page {
  const others = Array.from({ length: n }, (_, i) => i).filter((i) => i !== large)
  const each = Math.max(1, large < 0 ? most : most - 1)
  const pages = Math.max(1, Math.ceil(others.length / each))
  const page = Math.max(0, Math.min(wanted, pages - 1))
  const tiles = others.slice(page * each, (page + 1) * each)
  if (large >= 0) tiles.push(large)
  return { tiles: tiles.sort((a, b) => a - b), page, pages }
}
