// The page's icons as lines, so that they look the same with every font. Each is a path in a square of 24.

const paths = {
  menu: 'M4 7h16M4 12h16M4 17h16',
  plus: 'M12 5v14M5 12h14',
  settings:
    'M4 7h9M17 7h3M4 12h3M11 12h9M4 17h9M17 17h3M15 5a2 2 0 1 0 0 4a2 2 0 1 0 0 -4M9 10a2 2 0 1 0 0 4a2 2 0 1 0 0 -4M15 15a2 2 0 1 0 0 4a2 2 0 1 0 0 -4',
  close: 'M6 6l12 12M18 6L6 18',
  copy: 'M9 9h10v11H9zM5 15V4h10',
  check: 'M5 13l4 4L19 7',
  retry: 'M19 12a7 7 0 1 1 -2 -5M18 3v5h-5',
  edit: 'M4 20l1 -4L16 5l3 3L8 19zM14 7l3 3',
  up: 'M7 11v9H4v-9zM7 11l4 -8c2 0 2.500 1.500 2 3l-1 4h7l-1.500 10H7',
  down: 'M7 13V4H4v9zM7 13l4 8c2 0 2.500 -1.500 2 -3l-1 -4h7L17.500 4H7',
  star: 'M12 4l2.500 5.200l5.500 .8l-4 4l1 5.700L12 17l-5 2.700l1 -5.700l-4 -4l5.500 -.8z',
  send: 'M12 19V5M6 11l6 -6l6 6',
  stop: 'M7 7h10v10H7z',
} as const;

export type Icon = keyof typeof paths;

const svg = 'http://www.w3.org/2000/svg';

export function icon(name: Icon): SVGSVGElement {
  const picture = document.createElementNS(svg, 'svg');
  picture.setAttribute('viewBox', '0 0 24 24');
  picture.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(svg, 'path');
  path.setAttribute('d', paths[name]);
  picture.append(path);
  return picture;
}

const isIcon = (name: string | undefined): name is Icon => name !== undefined && name in paths;

/** Puts in the icons that the page names by `data-icon`. */
export function fillIcons(): void {
  for (const place of document.querySelectorAll<HTMLElement>('[data-icon]'))
    if (isIcon(place.dataset.icon)) place.replaceChildren(icon(place.dataset.icon));
}
