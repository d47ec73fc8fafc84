;; What SRTP and SRTCP take beside AES itself and SHA-1: the counter blocks, the exclusive or with the
;; keystream, and for AEAD_AES_128_GCM (NIST SP 800-38D) GHASH over header and ciphertext. Blocks of 16
;; bytes stand in vectors as they do in memory.
;;
;; Memory, in bytes; srtp-memory.ts knows the same places:
;;      0  8192 of tables: for each of the 32 nibbles of a block, first the high one of a byte, the 16
;;         products of its values and H (SP 800-38D §6.4, by table as in its reference [6])
;;   8192  16 of the initialization vector without the index of a packet, which is added here, as is the counter
;;         behind it; or of H, the hash key
(module
  (memory (export "memory") 8)

  ;; x times H, in GF(2^128). Its bytes are taken from words, which costs less than to take each from the vector.
  (func $times_h (param $x v128) (result v128)
    (local $sum v128) (local $word i32)
    (local.set $word (i32x4.extract_lane 0 (local.get $x)))
    (local.set $sum (v128.xor (local.get $sum) (v128.xor
      (v128.load offset=0 (i32.and (local.get $word) (i32.const 0xf0)))
      (v128.load offset=256 (i32.and (i32.shl (local.get $word) (i32.const 4)) (i32.const 0xf0))))))
    (local.set $sum (v128.xor (local.get $sum) (v128.xor
      (v128.load offset=512 (i32.and (i32.shr_u (local.get $word) (i32.const 8)) (i32.const 0xf0)))
      (v128.load offset=768 (i32.and (i32.shr_u (local.get $word) (i32.const 4)) (i32.const 0xf0))))))
    (local.set $sum (v128.xor (local.get $sum) (v128.xor
      (v128.load offset=1024 (i32.and (i32.shr_u (local.get $word) (i32.const 16)) (i32.const 0xf0)))
      (v128.load offset=1280 (i32.and (i32.shr_u (local.get $word) (i32.const 12)) (i32.const 0xf0))))))
    (local.set $sum (v128.xor (local.get $sum) (v128.xor
      (v128.load offset=1536 (i32.and (i32.shr_u (local.get $word) (i32.const 24)) (i32.const 0xf0)))
      (v128.load offset=1792 (i32.and (i32.shr_u (local.get $word) (i32.const 20)) (i32.const 0xf0))))))
    (local.set $word (i32x4.extract_lane 1 (local.get $x)))
    (local.set $sum (v128.xor (local.get $sum) (v128.xor
      (v128.load offset=2048 (i32.and (local.get $word) (i32.const 0xf0)))
      (v128.load offset=2304 (i32.and (i32.shl (local.get $word) (i32.const 4)) (i32.const 0xf0))))))
    (local.set $sum (v128.xor (local.get $sum) (v128.xor
      (v128.load offset=2560 (i32.and (i32.shr_u (local.get $word) (i32.const 8)) (i32.const 0xf0)))
      (v128.load offset=2816 (i32.and (i32.shr_u (local.get $word) (i32.const 4)) (i32.const 0xf0))))))
    (local.set $sum (v128.xor (local.get $sum) (v128.xor
      (v128.load offset=3072 (i32.and (i32.shr_u (local.get $word) (i32.const 16)) (i32.const 0xf0)))
      (v128.load offset=3328 (i32.and (i32.shr_u (local.get $word) (i32.const 12)) (i32.const 0xf0))))))
    (local.set $sum (v128.xor (local.get $sum) (v128.xor
      (v128.load offset=3584 (i32.and (i32.shr_u (local.get $word) (i32.const 24)) (i32.const 0xf0)))
      (v128.load offset=3840 (i32.and (i32.shr_u (local.get $word) (i32.const 20)) (i32.const 0xf0))))))
    (local.set $word (i32x4.extract_lane 2 (local.get $x)))
    (local.set $sum (v128.xor (local.get $sum) (v128.xor
      (v128.load offset=4096 (i32.and (local.get $word) (i32.const 0xf0)))
      (v128.load offset=4352 (i32.and (i32.shl (local.get $word) (i32.const 4)) (i32.const 0xf0))))))
    (local.set $sum (v128.xor (local.get $sum) (v128.xor
      (v128.load offset=4608 (i32.and (i32.shr_u (local.get $word) (i32.const 8)) (i32.const 0xf0)))
      (v128.load offset=4864 (i32.and (i32.shr_u (local.get $word) (i32.const 4)) (i32.const 0xf0))))))
    (local.set $sum (v128.xor (local.get $sum) (v128.xor
      (v128.load offset=5120 (i32.and (i32.shr_u (local.get $word) (i32.const 16)) (i32.const 0xf0)))
      (v128.load offset=5376 (i32.and (i32.shr_u (local.get $word) (i32.const 12)) (i32.const 0xf0))))))
    (local.set $sum (v128.xor (local.get $sum) (v128.xor
      (v128.load offset=5632 (i32.and (i32.shr_u (local.get $word) (i32.const 24)) (i32.const 0xf0)))
      (v128.load offset=5888 (i32.and (i32.shr_u (local.get $word) (i32.const 20)) (i32.const 0xf0))))))
    (local.set $word (i32x4.extract_lane 3 (local.get $x)))
    (local.set $sum (v128.xor (local.get $sum) (v128.xor
      (v128.load offset=6144 (i32.and (local.get $word) (i32.const 0xf0)))
      (v128.load offset=6400 (i32.and (i32.shl (local.get $word) (i32.const 4)) (i32.const 0xf0))))))
    (local.set $sum (v128.xor (local.get $sum) (v128.xor
      (v128.load offset=6656 (i32.and (i32.shr_u (local.get $word) (i32.const 8)) (i32.const 0xf0)))
      (v128.load offset=6912 (i32.and (i32.shr_u (local.get $word) (i32.const 4)) (i32.const 0xf0))))))
    (local.set $sum (v128.xor (local.get $sum) (v128.xor
      (v128.load offset=7168 (i32.and (i32.shr_u (local.get $word) (i32.const 16)) (i32.const 0xf0)))
      (v128.load offset=7424 (i32.and (i32.shr_u (local.get $word) (i32.const 12)) (i32.const 0xf0))))))
    (local.set $sum (v128.xor (local.get $sum) (v128.xor
      (v128.load offset=7680 (i32.and (i32.shr_u (local.get $word) (i32.const 24)) (i32.const 0xf0)))
      (v128.load offset=7936 (i32.and (i32.shr_u (local.get $word) (i32.const 20)) (i32.const 0xf0))))))
    (local.get $sum))

  ;; The first n bytes of a block (n below 16), with zeros behind them.
  (func $first (param $block v128) (param $n i32) (result v128)
    (v128.and (local.get $block)
      (i8x16.gt_u (i8x16.splat (local.get $n)) (v128.const i8x16 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15))))

  ;; Writes counter blocks of AES-CM to `to` (RFC 3711, section 4.1.1), from counter 0 on: `blocks` for each of
  ;; `packets` consecutive packets, of which the first has the index high * 2^16 + low.
  (func (export "cmCounters")
    (param $to i32) (param $packets i32) (param $blocks i32) (param $high i32) (param $low i32)
    (local $index i64) (local $vector v128) (local $end i32)
    (local.set $index (call $index (local.get $high) (local.get $low)))
    (block $done (loop $nextPacket
      (br_if $done (i32.eqz (local.get $packets)))
      (local.set $vector (v128.xor (v128.load (i32.const 8192))
        (i8x16.shuffle 16 16 16 16 16 16 16 16 5 4 3 2 1 0 16 16
          (i64x2.splat (local.get $index)) (v128.const i64x2 0 0))))
      (local.set $end (i32.add (local.get $to) (i32.shl (local.get $blocks) (i32.const 4))))
      (block $last (loop $next
        (br_if $last (i32.ge_u (local.get $to) (local.get $end)))
        ;; The counter, in the last lane, is little-endian until it is stored.
        (v128.store (local.get $to)
          (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 15 14 (local.get $vector) (local.get $vector)))
        (local.set $vector (i16x8.add (local.get $vector) (v128.const i16x8 0 0 0 0 0 0 0 1)))
        (local.set $to (i32.add (local.get $to) (i32.const 16)))
        (br $next)))
      (local.set $index (i64.add (local.get $index) (i64.const 1)))
      (local.set $packets (i32.sub (local.get $packets) (i32.const 1)))
      (br $nextPacket))))

  ;; The index of a packet, 48 bits, from the rollover counter and the sequence number.
  (func $index (param $high i32) (param $low i32) (result i64)
    (i64.or
      (i64.shl (i64.extend_i32_u (local.get $high)) (i64.const 16))
      (i64.extend_i32_u (local.get $low))))

  ;; Combines `bytes` bytes with the keystream, in place. Up to 15 bytes behind them change too.
  (func $applyKeystream (export "applyKeystream") (param $body i32) (param $bytes i32) (param $keystream i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $body) (local.get $bytes)))
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get $body) (local.get $end)))
      (v128.store (local.get $body)
        (v128.xor (v128.load (local.get $body)) (v128.load (local.get $keystream))))
      (local.set $body (i32.add (local.get $body) (i32.const 16)))
      (local.set $keystream (i32.add (local.get $keystream) (i32.const 16)))
      (br $next))))

  ;; The same for GCM, from counter 1 on, which is the one of the tag (RFC 7714, section 8.1).
  (func (export "gcmCounters")
    (param $to i32) (param $packets i32) (param $blocks i32) (param $high i32) (param $low i32)
    (local $index i64) (local $vector v128) (local $end i32)
    (local.set $index (call $index (local.get $high) (local.get $low)))
    (block $done (loop $nextPacket
      (br_if $done (i32.eqz (local.get $packets)))
      (local.set $vector (v128.xor (v128.load (i32.const 8192))
        (i8x16.shuffle 16 16 16 16 16 16 5 4 3 2 1 0 16 16 16 16
          (i64x2.splat (local.get $index)) (v128.const i64x2 0 0))))
      (local.set $end (i32.add (local.get $to) (i32.shl (local.get $blocks) (i32.const 4))))
      (block $last (loop $next
        (br_if $last (i32.ge_u (local.get $to) (local.get $end)))
        (local.set $vector (i32x4.add (local.get $vector) (v128.const i32x4 0 0 0 1)))
        (v128.store (local.get $to)
          (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 15 14 13 12 (local.get $vector) (local.get $vector)))
        (local.set $to (i32.add (local.get $to) (i32.const 16)))
        (br $next)))
      (local.set $index (i64.add (local.get $index) (i64.const 1)))
      (local.set $packets (i32.sub (local.get $packets) (i32.const 1)))
      (br $nextPacket))))

  ;; Writes the tables of the hash key.
  (func (export "gcmTables")
    (local $high i64) (local $low i64) (local $carry i64)
    (local $table i32) (local $value i32)
    ;; The bytes of a block run from the highest to the lowest of a number.
    (local.set $high (call $reversed (i64.load (i32.const 8192))))
    (local.set $low (call $reversed (i64.load (i32.const 8200))))
    (loop $nextTable
      (v128.store (local.get $table) (v128.const i64x2 0 0))
      (local.set $value (i32.const 8))
      (loop $nextPower
        (v128.store (i32.add (local.get $table) (i32.shl (local.get $value) (i32.const 4)))
          (i64x2.replace_lane 1 (i64x2.splat (call $reversed (local.get $high)))
            (call $reversed (local.get $low))))
        ;; Times x: a shift to the right, and the polynomial where a bit falls out.
        (local.set $carry (i64.and (local.get $low) (i64.const 1)))
        (local.set $low (i64.or (i64.shr_u (local.get $low) (i64.const 1))
          (i64.shl (local.get $high) (i64.const 63))))
        (local.set $high (i64.xor (i64.shr_u (local.get $high) (i64.const 1))
          (i64.and (i64.sub (i64.const 0) (local.get $carry)) (i64.const 0xe100000000000000))))
        (br_if $nextPower (local.tee $value (i32.shr_u (local.get $value) (i32.const 1)))))
      ;; Any other value is the sum of its lowest bit and the rest.
      (local.set $value (i32.const 3))
      (loop $nextValue
        (v128.store (i32.add (local.get $table) (i32.shl (local.get $value) (i32.const 4)))
          (v128.xor
            (v128.load (i32.add (local.get $table) (i32.shl
              (i32.and (local.get $value) (i32.sub (i32.const 0) (local.get $value))) (i32.const 4))))
            (v128.load (i32.add (local.get $table) (i32.shl
              (i32.and (local.get $value) (i32.sub (local.get $value) (i32.const 1))) (i32.const 4))))))
        (local.set $value (i32.add (local.get $value) (i32.const 1)))
        ;; 4 and 8 are powers, and are there.
        (if (i32.eqz (i32.and (local.get $value) (i32.sub (local.get $value) (i32.const 1))))
          (then (local.set $value (i32.add (local.get $value) (i32.const 1)))))
        (br_if $nextValue (i32.lt_u (local.get $value) (i32.const 16))))
      (local.set $table (i32.add (local.get $table) (i32.const 256)))
      (br_if $nextTable (i32.lt_u (local.get $table) (i32.const 8192)))))

  ;; The bytes of a number in reverse order.
  (func $reversed (param $number i64) (result i64)
    (i64x2.extract_lane 0
      (i8x16.shuffle 7 6 5 4 3 2 1 0 7 6 5 4 3 2 1 0
        (i64x2.splat (local.get $number)) (v128.const i64x2 0 0))))

  ;; GHASH continued over `bytes` bytes, with zeros behind them up to a whole block. Up to 15 bytes behind them are
  ;; read, and not used.
  (func $ghash (param $hash v128) (param $from i32) (param $bytes i32) (result v128)
    (local $end i32) (local $rest i32)
    (local.set $rest (i32.and (local.get $bytes) (i32.const 15)))
    (local.set $end (i32.add (local.get $from) (i32.sub (local.get $bytes) (local.get $rest))))
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get $from) (local.get $end)))
      (local.set $hash (call $times_h (v128.xor (local.get $hash) (v128.load (local.get $from)))))
      (local.set $from (i32.add (local.get $from) (i32.const 16)))
      (br $next)))
    (if (local.get $rest) (then
      (local.set $hash (call $times_h (v128.xor (local.get $hash)
        (call $first (v128.load (local.get $from)) (local.get $rest)))))))
    (local.get $hash))

  ;; The last block of GHASH: both lengths in bits.
  (func $lengths (param $headerBytes i32) (param $bodyBytes i32) (result v128)
    (i8x16.shuffle 7 6 5 4 3 2 1 0 15 14 13 12 11 10 9 8
      (i64x2.replace_lane 1
        (i64x2.splat (i64.extend_i32_u (i32.shl (local.get $headerBytes) (i32.const 3))))
        (i64.extend_i32_u (i32.shl (local.get $bodyBytes) (i32.const 3))))
      (v128.const i64x2 0 0)))

  ;; Encrypts `bodyBytes` in place, and writes the tag behind them.
  (func (export "gcmSeal")
    (param $header i32) (param $headerBytes i32) (param $body i32) (param $bodyBytes i32)
    (param $keystream i32)
    (local $hash v128)
    (call $applyKeystream (local.get $body) (local.get $bodyBytes)
      (i32.add (local.get $keystream) (i32.const 16)))
    (local.set $hash (call $ghash (local.get $hash) (local.get $header) (local.get $headerBytes)))
    (local.set $hash (call $ghash (local.get $hash) (local.get $body) (local.get $bodyBytes)))
    (local.set $hash (call $times_h
      (v128.xor (local.get $hash) (call $lengths (local.get $headerBytes) (local.get $bodyBytes)))))
    (v128.store (i32.add (local.get $body) (local.get $bodyBytes))
      (v128.xor (local.get $hash) (v128.load (local.get $keystream)))))

  ;; Decrypts `bodyBytes` in place, and says 1 where the tag behind them is right, else 0. It compares the
  ;; whole tag whatever differs. Up to 15 bytes behind the header and the tag are read, and not used.
  (func (export "gcmOpen")
    (param $header i32) (param $headerBytes i32) (param $body i32) (param $bodyBytes i32)
    (param $keystream i32) (result i32)
    (local $hash v128) (local $block v128) (local $end i32) (local $rest i32) (local $tagMask v128)
    (local.set $hash (call $ghash (local.get $hash) (local.get $header) (local.get $headerBytes)))

    (local.set $tagMask (v128.load (local.get $keystream)))
    (local.set $keystream (i32.add (local.get $keystream) (i32.const 16)))
    (local.set $rest (i32.and (local.get $bodyBytes) (i32.const 15)))
    (local.set $end (i32.add (local.get $body) (i32.sub (local.get $bodyBytes) (local.get $rest))))
    (block $bodyDone (loop $nextBody
      (br_if $bodyDone (i32.ge_u (local.get $body) (local.get $end)))
      (local.set $block (v128.load (local.get $body)))
      (v128.store (local.get $body) (v128.xor (local.get $block) (v128.load (local.get $keystream))))
      (local.set $hash (call $times_h (v128.xor (local.get $hash) (local.get $block))))
      (local.set $body (i32.add (local.get $body) (i32.const 16)))
      (local.set $keystream (i32.add (local.get $keystream) (i32.const 16)))
      (br $nextBody)))
    (if (local.get $rest) (then
      ;; The tag begins within this block and has to stay as it is.
      (local.set $block (v128.load (local.get $body)))
      (v128.store (local.get $body) (v128.xor (local.get $block)
        (call $first (v128.load (local.get $keystream)) (local.get $rest))))
      (local.set $hash (call $times_h (v128.xor (local.get $hash)
        (call $first (local.get $block) (local.get $rest)))))))

    (local.set $hash (call $times_h
      (v128.xor (local.get $hash) (call $lengths (local.get $headerBytes) (local.get $bodyBytes)))))
    (i32.eqz (v128.any_true (v128.xor
      (v128.xor (local.get $hash) (local.get $tagMask))
      (v128.load (i32.add (local.get $body) (local.get $rest))))))))
