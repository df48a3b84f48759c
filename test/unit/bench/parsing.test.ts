import { describe, expect, it } from 'vitest';
import { parseStat, parseStatus } from '../../../bench/lib/proc.ts';
import { parseWrk } from '../../../bench/lib/wrk.ts';
import { ResponseReader } from '../../../bench/load/response.ts';

const WRK = `Running 1s test @ http://127.0.0.1:8080/1k
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.62ms    1.20ms  29.10ms   97.03%
  Latency Distribution
     50%    1.41ms
     75%    1.60ms
     90%  935.00us
     99%    1.02s
  20161 requests in 1.05s, 24.71MB read
Requests/sec:  19141.52
Transfer/sec:     23.46MB
`;

describe('the report of wrk', () => {
  it('gives rate, count and latencies in microseconds', () => {
    expect(parseWrk(WRK)).toMatchObject({ requestsPerSecond: 19141.52, requests: 20161, p50Us: 1410, p99Us: 1_020_000, errors: 0 });
  });

  it('gives the bytes that were read, and in what time', () => {
    expect(parseWrk(WRK)).toMatchObject({ bytes: 24.71 * 1024 * 1024, seconds: 1.05 });
    expect(parseWrk(WRK.replace('20161 requests in 1.05s, 24.71MB', '0 requests in 1.00m, 512.00B'))).toMatchObject({
      bytes: 512,
      seconds: 60,
      requests: 0,
    });
  });

  it('counts broken sockets and refusals as errors', () => {
    const broken = WRK.replace('Requests/sec', '  Socket errors: connect 1, read 2, write 3, timeout 4\n  Non-2xx or 3xx responses: 5\nRequests/sec');
    expect(parseWrk(broken)?.errors).toBe(15);
  });

  it('is none where wrk could not connect', () => {
    expect(parseWrk('unable to connect to 127.0.0.1:1 Connection refused')).toBeUndefined();
  });
});

describe('files of /proc', () => {
  it('adds user and system time, past a name with spaces and brackets', () => {
    const fields = ['S', '42', ...Array.from({ length: 9 }, () => '0'), '150', '50', '0'];
    expect(parseStat(`7 (a (b) c) ${fields.join(' ')}`)).toEqual({ parent: 42, cpuUs: 2_000_000 });
  });

  it('gives memory in bytes, and 0 where the line is missing', () => {
    expect(parseStatus('Name:\tnode\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n', 'VmRSS')).toBe(1024 * 1024);
    expect(parseStatus('Name:\tnode\n', 'VmRSS')).toBe(0);
  });
});

describe('reading responses off a connection', () => {
  const reading = (...chunks: string[]): boolean[] => {
    const reader = new ResponseReader();
    return chunks.map((chunk) => reader.take(Buffer.from(chunk)));
  };

  it('ends with the length that the head says', () => {
    expect(reading('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab', 'cde')).toEqual([false, true]);
  });

  it('waits for a head that comes in pieces', () => {
    expect(reading('HTTP/1.1 200 OK\r\ncontent-le', 'ngth: 0\r\n\r\n')).toEqual([false, true]);
  });

  it('ends with the last chunk of chunked content, wherever it is cut', () => {
    expect(reading('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabcde\r\n', '0\r', '\n\r\n')).toEqual([false, false, true]);
    expect(reading('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n')).toEqual([true]);
  });

  it('reads one response after another', () => {
    const reader = new ResponseReader();
    const answer = Buffer.from('HTTP/1.1 404 Not Found\r\ncontent-length: 1\r\n\r\nx');
    expect([reader.take(answer), reader.take(answer), reader.status]).toEqual([true, true, 404]);
  });

  it('takes the end of the connection as the end of content without a length', () => {
    const reader = new ResponseReader();
    expect(reader.take(Buffer.from('HTTP/1.1 200 OK\r\n\r\nabc'))).toBe(false);
    expect(reader.end()).toBe(true);
  });
});
