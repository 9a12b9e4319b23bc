/** The icons: 24 × 24, drawn with one pen. They are decoration; the words beside them carry the meaning. */

import type { ComponentChildren, VNode } from "preact"

export type Icon =
  | "camera"
  | "camera-off"
  | "chat"
  | "close"
  | "copy"
  | "gear"
  | "leave"
  | "link"
  | "lock"
  | "microphone"
  | "microphone-off"
  | "open"
  | "people"
  | "pin"
  | "screen"
  | "screen-stop"
  | "send"
  | "shield"
  | "sound"
  | "star"
  | "unpin"
  | "warning"

const pen: Readonly<Record<Icon, ComponentChildren>> = {
  camera: (
    <path d="M4.5 6.5h8a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2h-8a2 2 0 0 1-2-2v-7a2 2 0 0 1 2-2Zm10 4.2 5.4-3.1a.7.7 0 0 1 1.1.6v7.6a.7.7 0 0 1-1.1.6l-5.4-3.1" />
  ),
  "camera-off": (
    <path d="M9.2 6.5h3.3a2 2 0 0 1 2 2v3.2m0 3.8a2 2 0 0 1-2 2h-8a2 2 0 0 1-2-2v-7a2 2 0 0 1 1.6-2M14.5 10.7l5.4-3.1a.7.7 0 0 1 1.1.6v7.6a.7.7 0 0 1-.6.7M3 3l18 18" />
  ),
  chat: (
    <path d="M20.5 11.3c0 4-3.8 7.2-8.5 7.2-1.3 0-2.5-.2-3.6-.7L4 19.5l1.2-3.6a6.7 6.7 0 0 1-1.7-4.6C3.5 7.3 7.3 4 12 4s8.5 3.3 8.5 7.300Z" />
  ),
  close: <path d="m6 6 12 12M18 6 6 18" />,
  copy: (
    <path d="M9 9h9.500a1.5 1.5 0 0 1 1.5 1.500V19a1.5 1.5 0 0 1-1.5 1.500H10A1.5 1.5 0 0 1 8.5 19V9.500M15.5 5.500A2 2 0 0 0 13.5 3.500H5.500a2 2 0 0 0-2 2v8a2 2 0 0 0 2 2" />
  ),
  gear: (
    <>
      <circle cx="12" cy="12" r="3" />
      <path d="M12 2.800v2.700m0 13v2.700M2.8 12h2.700m13 0h2.700M5.5 5.500l1.9 1.900m9.2 9.2 1.9 1.900m0-13-1.9 1.900m-9.2 9.2-1.9 1.9" />
    </>
  ),
  leave: <path d="M13.5 4H7a2 2 0 0 0-2 2v12a2 2 0 0 0 2 2h6.500M10.5 12h10m-3.7-3.7 3.7 3.7-3.7 3.7" />,
  link: (
    <path d="M10 14a4 4 0 0 0 6 .4l2.8-2.800a4 4 0 0 0-5.7-5.700L11.7 7.300M14 10a4 4 0 0 0-6-.4l-2.8 2.800a4 4 0 0 0 5.7 5.700l1.4-1.4" />
  ),
  lock: (
    <path d="M6.5 10.500h11A1.5 1.5 0 0 1 19 12v7a1.5 1.5 0 0 1-1.5 1.500h-11A1.5 1.5 0 0 1 5 19v-7a1.5 1.5 0 0 1 1.5-1.500Zm1.5 0V7.500a4 4 0 0 1 8 0v3" />
  ),
  microphone: <path d="M12 3a3 3 0 0 1 3 3v5.500a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3Zm-6.5 8.500a6.5 6.5 0 0 0 13 0M12 18v3.2" />,
  "microphone-off": (
    <path d="M9.3 4.800A3 3 0 0 1 15 6v4.800m-.9 2.900A3 3 0 0 1 9 11.500V9m-3.5 2.500a6.5 6.5 0 0 0 10.8 4.900m1.7-2.500a6.5 6.5 0 0 0 .5-2.400M12 18v3.200M3 3l18 18" />
  ),
  open: <path d="M5 12h14m-5.5-5.500L19 12l-5.5 5.5" />,
  people: (
    <path d="M9 11.500a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7Zm-6.5 8c0-3.3 2.9-5.5 6.5-5.500s6.5 2.2 6.5 5.500M15.7 4.900a3.3 3.3 0 0 1 0 6.200m2 3.500c2.3.7 3.8 2.5 3.8 4.9" />
  ),
  pin: <path d="M9 3.500H3.500V9M15 3.500h5.500V9M9 20.500H3.500V15M15 20.500h5.500V15" />,
  screen: (
    <path d="M4 4.500h16A1.5 1.5 0 0 1 21.5 6v9.500A1.5 1.5 0 0 1 20 17H4a1.5 1.5 0 0 1-1.5-1.500V6A1.5 1.5 0 0 1 4 4.500ZM8 20.500h8M12 14V8m-2.7 2.500L12 7.800l2.7 2.7" />
  ),
  "screen-stop": (
    <path d="M4 4.500h16A1.5 1.5 0 0 1 21.5 6v9.500A1.5 1.5 0 0 1 20 17H4a1.5 1.5 0 0 1-1.5-1.500V6A1.5 1.5 0 0 1 4 4.500ZM8 20.500h8M9.7 8.500l4.6 4.600m0-4.6-4.6 4.6" />
  ),
  send: <path d="M4.5 12 3.2 4.700a.8.8 0 0 1 1.2-.8l16 7.400a.8.8 0 0 1 0 1.400l-16 7.400a.8.8 0 0 1-1.2-.8L4.5 12Zm0 0H12" />,
  shield: <path d="M12 3 4.5 5.800v5.400c0 4.6 3.2 8.2 7.5 9.8 4.3-1.6 7.5-5.2 7.5-9.800V5.800L12 3Zm-3.3 9 2.3 2.3 4.3-4.5" />,
  sound: <path d="M5 10v4m4.7-7v10m4.6-12.500v15M19 9v6" />,
  star: <path class="solid" d="m12 3.5 2.6 5.4 5.9.8-4.3 4.1 1.1 5.9-5.3-2.9-5.3 2.9 1.1-5.900L3.5 9.700l5.9-.8L12 3.500Z" />,
  unpin: <path d="M3.5 9H9V3.500M20.5 9H15V3.500M3.5 15H9v5.500M20.5 15H15v5.5" />,
  warning: <path d="M12 4 2.8 19.500h18.400L12 4Zm0 6v4.500m0 2.400v.1" />,
}

export const Drawn = ({ icon }: { icon: Icon }): VNode => (
  <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
    {pen[icon]}
  </svg>
)
