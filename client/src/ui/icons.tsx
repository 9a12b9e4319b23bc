/** The icons: 24 × 24, drawn with one pen. They are decoration; the words beside them carry the meaning. */

import type { VNode } from "preact"

const pen = {
  add: "M12 5v14M5 12h14",
  camera: "M4 7h9a2 2 0 0 1 2 2v6a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2V9a2 2 0 0 1 2-2Zm11 4 6-3v8l-6-3",
  "camera-off": "M9 7h4a2 2 0 0 1 2 2v3m0 3a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2V9a2 2 0 0 1 2-2m11 4 6-3v8M3 3l18 18",
  chat: "M20 11c0 4-4 7-8 7-1 0-3 0-4-1l-4 2 1-4c-1-1-1-2-1-4 0-4 4-7 8-7s8 3 8 7Z",
  close: "m6 6 12 12M18 6 6 18",
  copy: "M10 9h8a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1h-8a1 1 0 0 1-1-1v-9a1 1 0 0 1 1-1Zm5-3V5a1 1 0 0 0-1-1H5a1 1 0 0 0-1 1v9a1 1 0 0 0 1 1h1",
  eye: "M2 12c3-5 6-7 10-7s7 2 10 7c-3 5-6 7-10 7s-7-2-10-7Zm13 0a3 3 0 1 1-6 0 3 3 0 0 1 6 0Z",
  hand: "M7 12V6a1.5 1.5 0 0 1 3 0v5V4a1.5 1.5 0 0 1 3 0v7V5a1.5 1.5 0 0 1 3 0v7V8a1.5 1.5 0 0 1 3 0v6c0 4-3 7-6 7-4 0-6-2-7-5l-2-4c-1-2 1-3 3 0",
  hush: "M4 10v4h4l5 4V6L8 10Zm13-1-5 6m0-6 5 6",
  leave: "M13 4H7a2 2 0 0 0-2 2v12a2 2 0 0 0 2 2h6m-3-8h10m-4-4 4 4-4 4",
  lock: "M7 11h10a1 1 0 0 1 1 1v7a1 1 0 0 1-1 1H7a1 1 0 0 1-1-1v-7a1 1 0 0 1 1-1Zm1 0V8a4 4 0 0 1 8 0v3",
  mask: "M3 7c3-1 6-1 9 0 3-1 6-1 9 0 0 6-2 10-5 10-2 0-3-2-4-2s-2 2-4 2c-3 0-5-4-5-10Zm4 4c1-1 2-1 3 0m4 0c1-1 2-1 3 0",
  "mask-off": "M8 6c1 0 3 0 4 1 3-1 6-1 9 0 0 3 0 6-2 8M4 7H3c0 6 2 10 5 10 2 0 3-2 4-2s2 2 4 2M3 3l18 18",
  microphone: "M12 3a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3Zm-6 8a6 6 0 0 0 12 0m-6 6v4",
  "microphone-off": "M9 5a3 3 0 0 1 6 1v5m-1 2a3 3 0 0 1-5-2V9m-3 2a6 6 0 0 0 10 5m2-3v-2m-6 6v4M3 3l18 18",
  more: "M5 12h.1M12 12h.1M19 12h.1",
  next: "m9 5 7 7-7 7",
  open: "M5 12h14m-6-6 6 6-6 6",
  people: "M12 8a3 3 0 1 1-6 0 3 3 0 0 1 6 0ZM3 19c0-3 3-5 6-5s6 2 6 5m1-14a3 3 0 0 1 0 6m2 3c2 1 3 3 3 5",
  pin: "M9 4H4v5m11-5h5v5M9 20H4v-5m11 5h5v-5",
  previous: "m15 5-7 7 7 7",
  screen: "M4 5h16a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1Zm4 16h8m-4-7V8m-3 3 3-3 3 3",
  "screen-stop": "M4 5h16a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1Zm4 16h8M10 9l4 4m0-4-4 4",
  send: "M4 12 3 4l18 8-18 8 1-8Zm0 0h8",
  shield: "m12 3-7 3v5c0 5 3 8 7 10 4-2 7-5 7-10V6Zm-3 9 2 2 4-4",
  sliders: "M4 7h9m4 0h3M4 17h3m4 0h9M17 7a2 2 0 1 1-4 0 2 2 0 0 1 4 0Zm-6 10a2 2 0 1 1-4 0 2 2 0 0 1 4 0Z",
  smile: "M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0ZM8 14c1 2 2 3 4 3s3-1 4-3M9 9v.5m6-.5v.5",
  sound: "M5 10v4m5-7v10m5-13v16m4-11v6",
  star: "m12 3 3 6 6 1-5 4 2 6-6-3-6 3 2-6-5-4 6-1Z",
  ticket: "M4 7h16v3a2 2 0 0 0 0 4v3H4v-3a2 2 0 0 0 0-4Zm10 0v2m0 2v2m0 2v2",
  unlock: "M7 11h10a1 1 0 0 1 1 1v7a1 1 0 0 1-1 1H7a1 1 0 0 1-1-1v-7a1 1 0 0 1 1-1Zm1 0V8a4 4 0 0 1 7-2.5",
  unpin: "M4 9h5V4m11 5h-5V4M4 15h5v5m11-5h-5v5",
  warning: "M12 4 3 19h18Zm0 6v4m0 2v.5",
} as const

export type Icon = keyof typeof pen

export const Drawn = ({ icon }: { icon: Icon }): VNode => (
  <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
    <path class={icon} d={pen[icon]} />
  </svg>
)
