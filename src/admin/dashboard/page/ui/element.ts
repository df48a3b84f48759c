import { type Attributes, type ComponentChildren, h as make, type JSX, type VNode } from 'preact';

/** An element or a part of the page. Preact's own `h` with one type for what it makes: sources that are run as they are have no JSX. */
export function h<Tag extends keyof JSX.IntrinsicElements>(tag: Tag, props: JSX.IntrinsicElements[Tag] | null, children?: ComponentChildren): VNode;
export function h<Props>(part: (props: Props) => VNode, props: Props & Attributes): VNode;
export function h(type: unknown, props: unknown, children?: ComponentChildren): VNode {
  return make(type as string, props as null, children) as VNode;
}
