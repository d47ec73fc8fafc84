/** What a key of live777.toml means, in both languages of the documentation. */
export interface KeyWords {
  en: string;
  zh: string;
  /** The default where it is not a value of the schema. */
  default?: { en: string; zh: string };
}

const SPOOL = {
  spool_dir: {
    en: 'Local folder to which recordings are written before they are uploaded.',
    zh: '录制文件上传前写入的本地目录。',
  },
  spool_max: {
    en: 'How much may wait there: a size (`"200GB"`) or a share of the disk.',
    zh: '允许积压的数据量：大小（`"200GB"`）或占磁盘的百分比。',
  },
  spool_full: {
    en: '`stop`: then no new recording starts, running ones continue. `drop_oldest`: the oldest segments of `spool_drop_streams` are deleted although the bucket does not have them.',
    zh: '积压达到上限时的处理方式。`stop`：不再开始新的录制，正在进行的继续；`drop_oldest`：删除 `spool_drop_streams` 所列流中最旧、尚未上传的分段。',
  },
  spool_drop_streams: {
    en: 'Names or patterns of the streams that `drop_oldest` may delete from.',
    zh: '`drop_oldest` 可以删除其分段的流（名称或通配模式）。',
  },
};

const BUCKET = {
  bucket: { en: 'Name of the bucket.', zh: '存储桶名称。' },
  root: { en: 'Prefix of all keys.', zh: '所有对象键的前缀。' },
};

/** By table and key; tables that are repeated have `[]` behind their name. */
export const CONFIG_WORDS: Record<string, Record<string, KeyWords>> = {
  http: {
    listen: {
      en: 'Address of console and API. `--listen` and `PORT` take precedence.',
      zh: '控制台和 API 的监听地址；`--listen` 与环境变量 `PORT` 优先。',
    },
    cors: {
      en: 'Pages of any other origin may use the API, also to publish.',
      zh: '允许任意来源的网页调用 API（包括推流）。',
    },
    hosts: {
      en: 'Further host names under which browsers may use a recorder without tokens.',
      zh: '未设置令牌时，浏览器可以使用的其他主机名。',
    },
    trust_proxy: {
      en: 'Reverse proxies whose `X-Forwarded-*` headers are trusted: addresses or networks.',
      zh: '信任其 `X-Forwarded-*` 请求头的反向代理：地址或网段。',
    },
    request_timeout_seconds: {
      en: 'Seconds within which a request must have arrived.',
      zh: '请求必须在多少秒内接收完整。',
    },
  },
  log: {
    level: {
      en: 'How much is logged. `-v` and `LOG_LEVEL` take precedence.',
      zh: '日志级别；`-v` 与环境变量 `LOG_LEVEL` 优先。',
    },
  },
  auth: {
    secret: {
      en: 'Key of HS256 JSON Web Tokens, at least 32 bytes.',
      zh: 'HS256 JSON Web Token 的密钥，至少 32 字节。',
    },
    tokens: {
      en: 'Tokens that allow everything, at least 16 characters each.',
      zh: '拥有全部权限的令牌，每个至少 16 个字符。',
    },
  },
  'ice_servers[]': {
    urls: {
      en: 'STUN or TURN servers that publishers use.',
      zh: '推流端使用的 STUN 或 TURN 服务器。',
    },
    username: { en: 'User name for TURN.', zh: 'TURN 用户名。' },
    credential: { en: 'Password for TURN.', zh: 'TURN 密码。' },
  },
  webrtc: {
    ice_udp_addrs: {
      en: 'Addresses by which publishers reach this machine: `"auto"`, or IP addresses with or without a port.',
      zh: '推流端访问本机所用的地址：`"auto"`，或带（不带）端口的 IP 地址。',
    },
    ice_udp_port: {
      en: 'UDP port for all publishers of the first worker; each further worker has the next port. Without it, each session has ports of its own.',
      zh: '第一个工作线程接收全部推流的 UDP 端口，其余工作线程依次使用后续端口；不设置时，每个会话使用各自的端口。',
    },
    ice_port_range: {
      en: 'First and last UDP port of sessions with ports of their own; each takes one for each address. Any free port by default.',
      zh: '使用各自端口的会话的起止 UDP 端口，每个会话在每个地址上占用一个；默认任取空闲端口。',
    },
  },
  recorder: {
    auto_streams: {
      en: 'Names or patterns of the streams that are recorded as soon as they are live; `!` excludes.',
      zh: '上线即自动录制的流（名称或通配模式）；以 `!` 开头表示排除。',
    },
    max_armed_streams: {
      en: 'Maximum number of streams that wait for a publisher after their recording was requested.',
      zh: '已请求录制、正在等待推流的流的最大数量。',
    },
    node_alias: {
      en: 'Name of this node in the segment index.',
      zh: '本节点在分段索引中的名称。',
      default: { en: 'host name', zh: '主机名' },
    },
    max_recording_seconds: {
      en: 'Length of a record, after which the next begins without losing a frame; 0: only at midnight UTC.',
      zh: '单条录制记录的最长时长，到时无缝开始下一条；0 表示仅在 UTC 零点切换。',
    },
    index_path: {
      en: 'Journal of the segment index.',
      zh: '分段索引的日志文件。',
      default: {
        en: '`.index/segments.jsonl` in the storage root',
        zh: '存储根目录下的 `.index/segments.jsonl`',
      },
    },
    index_retention_days: {
      en: 'Days after which segments and records leave the index, to limit its memory; 0: never. Recordings stay.',
      zh: '分段和记录在索引中保留的天数，用于限制内存；0 表示永久。不影响录制文件。',
    },
    workers: {
      en: 'Threads that record.',
      zh: '录制线程数。',
      default: { en: 'cores − 1, at least 1', zh: 'CPU 核数 − 1，至少为 1' },
    },
    segment_seconds: {
      en: 'Target duration of a segment; it ends at the first keyframe after that.',
      zh: '分段的目标时长；到时后在下一个关键帧处切分。',
    },
    on_loss: {
      en: '`freeze` holds the last picture that can be decoded until the next keyframe; `keep` records everything received.',
      zh: '丢包后的处理：`freeze` 保持最后一幅可解码的画面直到下一个关键帧；`keep` 录下收到的全部数据。',
    },
    codecs: {
      en: 'Codecs in order of preference, at least one for picture and one for sound.',
      zh: '按优先顺序排列的编码，视频和音频各至少一种。',
    },
    disk_warnings: {
      en: 'Marks of free space, sizes or shares of the disk, below which a warning is logged.',
      zh: '剩余空间告警线：大小或占磁盘的百分比，低于时记录告警。',
    },
    resume_grace_seconds: {
      en: 'Seconds for which a record stays open when its publisher is lost.',
      zh: '推流中断后，记录保持打开、等待恢复的秒数。',
    },
    shard: {
      en: 'Share of the streams that this recorder takes: `{ index = 0, count = 3 }`.',
      zh: '本录制器负责的流的份额：`{ index = 0, count = 3 }`。',
      default: { en: 'all streams', zh: '全部流' },
    },
  },
  'recorder.storage (type = "fs")': {
    root: { en: 'Folder of the recordings.', zh: '录制文件的根目录。' },
  },
  'recorder.storage (type = "s3")': {
    ...BUCKET,
    region: {
      en: 'Region of the bucket; the bucket is asked by default.',
      zh: '存储桶所在区域；默认向存储桶查询。',
    },
    endpoint: { en: 'Address of a server other than AWS.', zh: '非 AWS 服务的访问地址。' },
    access_key_id: {
      en: 'Access key. By default environment, profile, or the role of this machine.',
      zh: '访问密钥 ID；默认取自环境变量、配置文件或本机角色。',
    },
    secret_access_key: { en: 'Its secret.', zh: '对应的密钥。' },
    session_token: { en: 'Token of temporary keys.', zh: '临时凭证的会话令牌。' },
    disable_config_load: {
      en: 'Ignore environment, profile and role; without keys, requests are unsigned then.',
      zh: '忽略环境变量、配置文件和角色；此时若无密钥，请求不签名。',
    },
    enable_virtual_host_style: {
      en: 'Put the bucket in front of the host name instead of into the path.',
      zh: '将存储桶名置于主机名之前，而不是路径中。',
    },
    ...SPOOL,
  },
  'recorder.storage (type = "oss")': {
    ...BUCKET,
    region: { en: 'Region, such as `oss-cn-hangzhou`.', zh: '地域，例如 `oss-cn-hangzhou`。' },
    endpoint: { en: 'Address of the service.', zh: '服务的访问地址。' },
    access_key_id: { en: 'AccessKey ID.', zh: 'AccessKey ID。' },
    access_key_secret: { en: 'AccessKey secret.', zh: 'AccessKey Secret。' },
    security_token: { en: 'Token of STS credentials.', zh: 'STS 临时凭证的安全令牌。' },
    ...SPOOL,
  },
  'recorder.retention': {
    max_age: {
      en: 'Age at which segments are deleted: `"30d"`, `"12h"`, `"90m"`; at least `"1m"`.',
      zh: '分段的保留时长，超过即删除：`"30d"`、`"12h"`、`"90m"`，至少 `"1m"`。',
    },
    max_size: { en: 'Total size of all segments.', zh: '全部分段的总大小上限。' },
    min_free: {
      en: 'What stays free on the disk of the recordings: a size, or a share. Not for a bucket.',
      zh: '录制磁盘上保留的可用空间：大小或百分比。不适用于存储桶。',
    },
    grace_seconds: {
      en: 'Seconds for which files stay after the manifest stopped naming them.',
      zh: '清单不再引用之后，文件继续保留的秒数。',
    },
  },
  'recorder.retention.streams[]': {
    match: {
      en: 'Name or pattern; the first table that matches a stream is its own.',
      zh: '流名或通配模式；每路流采用第一个匹配的表。',
    },
    max_age: {
      en: 'Age for these streams, instead of the general one; `"none"`: for ever.',
      zh: '这些流的保留时长，取代全局设置；`"none"` 表示永久。',
    },
    max_size: {
      en: 'Total size of all these streams together; the general limit holds too.',
      zh: '这些流合计的大小上限；全局上限同样有效。',
    },
  },
  'recorder.sources[]': {
    url: {
      en: 'Live777 node, or Liveman for its cluster; `auto_streams` selects from its streams.',
      zh: 'Live777 节点，或代表整个集群的 Liveman；由 `auto_streams` 从中选择流。',
    },
    whep: {
      en: 'WHEP address of a single stream, instead of `url`.',
      zh: '单条流的 WHEP 地址，与 `url` 二选一。',
    },
    stream: { en: 'Name under which that stream is recorded.', zh: '录制该流时使用的名称。' },
    token: { en: 'Token that the source asks for.', zh: '访问该来源所需的令牌。' },
  },
  'recorder.webhooks[]': {
    url: { en: 'Address to which events are posted.', zh: '接收事件的地址（POST）。' },
    events: {
      en: 'Events, groups (`"recording.*"`) or `"*"` for all.',
      zh: '事件名、事件组（`"recording.*"`），或 `"*"` 表示全部。',
    },
    secret: {
      en: 'Key of the signature (Standard Webhooks), `whsec_` and base64.',
      zh: '签名密钥（Standard Webhooks），形如 `whsec_` 加 base64。',
    },
  },
  playback: {
    signed_redirect: {
      en: 'Redirect players to signed URLs of the bucket instead of passing on its data.',
      zh: '将播放器重定向到存储桶的签名 URL，而不是转发数据。',
    },
    signed_ttl_seconds: { en: 'Validity of such a URL.', zh: '签名 URL 的有效期。' },
  },
};
