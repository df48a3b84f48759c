/** Through what a connection came in: it decides how the target of a request is read. */
export type Door = MainDoor | PortDoor | TunnelDoor;

/** The main port: prefixes, absolute-form and CONNECT. */
export interface MainDoor {
  readonly kind: 'main';
}

/** An upstream's own port: the path is kept whole. */
export interface PortDoor {
  readonly kind: 'port';
  /** A reload may give the port to another upstream: connections that are open follow it. */
  upstream: string;
}

/** The inside of a CONNECT tunnel to a configured host. */
export interface TunnelDoor {
  readonly kind: 'tunnel';
  readonly scheme: 'http' | 'https';
  /** What CONNECT named, without the scheme's default port, lower-case. */
  readonly authority: string;
}
