#!/usr/bin/env python3
"""Reads the golden vectors without any of Silsila's code: protoc's own Python and the `cryptography` package.

    check_golden.py SCHEMA_WIRE_FOLDER VECTORS

Says what it checked and exits 0, or says what does not hold and exits 1.
"""
import hashlib
import pathlib
import subprocess
import sys
import tempfile

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature

HALF_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551 // 2
checked = 0


def expect(what, holds):
    global checked
    checked += 1
    if not holds:
        sys.exit(f"check_golden: {what} does not hold")


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def digest_of(purpose, origin, payload):
    return sha256(b"silsila/v1\0", purpose.encode(), b"\0", b"\x01", origin, sha256(payload))


def signature_holds(key_der, purpose, origin, payload, signature):
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if len(signature) != 64 or s > HALF_ORDER:
        return False
    key = serialization.load_der_public_key(key_der)
    try:
        key.verify(encode_dss_signature(r, s), digest_of(purpose, origin, payload), ec.ECDSA(Prehashed(hashes.SHA256())))
    except InvalidSignature:
        return False
    return True


def load_schema(folder, into):
    files = ["envelope.proto", "body.proto", "receipt.proto"]
    subprocess.run(["protoc", f"--proto_path={folder}", f"--python_out={into}", *files], check=True)
    sys.path.insert(0, into)
    import body_pb2
    import envelope_pb2
    import receipt_pb2

    return envelope_pb2, body_pb2, receipt_pb2


def load_vectors(path):
    pairs = (line.split(" = ") for line in pathlib.Path(path).read_text().splitlines() if line and line[0] != "#")
    return {name: bytes.fromhex(value) for name, value in pairs}


def check_certificate(envelope, raw, origin, authority, kind, owner, key):
    certificate = envelope.KeyCertificate.FromString(raw)
    statement = envelope.KeyStatement.FromString(certificate.statement)
    expect(f"certificate of {owner}: signature",
           signature_holds(authority, "certificate", origin, certificate.statement, certificate.signature))
    expect(f"certificate of {owner}: statement",
           (statement.origin, statement.serial, statement.kind, statement.owner, statement.public_key,
            statement.not_before_ms) == (origin, 7, kind, owner, key, 1700000000000))


def check_message(envelope, vectors, name, purpose, key):
    origin, payload = vectors["origin"], vectors[f"{name}_payload"]
    message = envelope.Envelope.FromString(vectors[f"{name}_message"])
    expect(f"{name}: payload", message.body == payload)
    expect(f"{name}: hash", vectors[f"{name}_payload_hash"] == sha256(payload))
    expect(f"{name}: digest", vectors[f"{name}_digest"] == digest_of(purpose, origin, payload))
    expect(f"{name}: key id", message.key_id == sha256(key))
    expect(f"{name}: algorithm", message.algorithm == envelope.ALGORITHM_ECDSA_P256_SHA256)
    expect(f"{name}: signature", signature_holds(key, purpose, origin, payload, message.signature))
    other = "receipt" if purpose != "receipt" else "config"
    expect(f"{name}: no other purpose", not signature_holds(key, other, origin, payload, message.signature))
    return payload, message


def check_bodies(envelope, body_module, vectors):
    gateway = vectors["gateway_key"]
    first, _ = check_message(envelope, vectors, "first_body", "envelope", gateway)
    second, _ = check_message(envelope, vectors, "second_body", "envelope", gateway)
    one, two = body_module.Body.FromString(first), body_module.Body.FromString(second)
    expect("first body: place", (one.version, one.gateway, one.seq, one.previous) == (1, "gw-golden", 1, b""))
    expect("first body: start", one.epoch_start.reason == body_module.EPOCH_REASON_FIRST)
    expect("second body: chain", two.previous == sha256(first) and two.epoch == one.epoch and not two.HasField("epoch_start"))
    block = one.items[0].temperature
    values, value = [], 0
    for difference in getattr(block, "values"):
        value += difference
        values.append(value)
    expect("first body: readings", values == [-30125, -30062, -29937, -31000, 4000])
    expect("first body: grid", (block.t0_ms, block.step_ms) == (1700000900000, 60000))
    expect("first body: gap", one.items[1].temperature.count == 5)
    expect("first body: event", one.items[2].device.type == body_module.PROBE_FAULTY)
    said, message = check_message(envelope, vectors, "admin_body", "envelope", vectors["admin_key"])
    site = body_module.Body.FromString(said).items[0].register.site
    expect("admin body: site", site.id == "rabat-crts" and site.name.startswith("مركز") and site.region == "Rabat-Salé-Kénitra")
    check_certificate(envelope, message.certificate.SerializeToString(), vectors["origin"], vectors["authority_key"],
                      envelope.KEY_KIND_ADMIN, "admin", vectors["admin_key"])


def check_downlink(envelope, receipts, vectors):
    origin, server = vectors["origin"], vectors["server_key"]
    payload, message = check_message(envelope, vectors, "receipt", "receipt", server)
    receipt = receipts.Receipt.FromString(payload)
    expect("receipt: what it says", (receipt.origin, receipt.gateway, receipt.through, receipt.through_hash, receipt.send_window)
           == (origin, "gw-golden", 2, sha256(vectors["second_body_payload"]), 64))
    checkpoint = receipt.checkpoint
    expect("checkpoint: signature", signature_holds(server, "checkpoint", origin, checkpoint.statement, checkpoint.signature))
    statement = envelope.CheckpointStatement.FromString(checkpoint.statement)
    expect("checkpoint: what it says", (statement.generation, statement.size, statement.root) == (1, 2, sha256(b"")))
    check_certificate(envelope, message.certificate.SerializeToString(), origin, vectors["authority_key"],
                      envelope.KEY_KIND_SERVER, "server", server)
    payload, _ = check_message(envelope, vectors, "config", "config", server)
    config = receipts.GatewayConfig.FromString(payload)
    expect("config: limit", config.version == 3 and config.probes[0].limits[0].limit_mc == -20000)


def tree_hash(leaves):
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\x01", tree_hash(leaves[:split]), tree_hash(leaves[split:]))


def check_tree(vectors):
    leaves = []
    while f"tree_leaf_{len(leaves)}" in vectors:
        n = len(leaves)
        leaf = sha256(b"\0", bytes([n]) * 32, b"\x01", bytes([0x80 + n]) * 64, sha256(bytes([n])))
        expect(f"leaf {n}", vectors[f"tree_leaf_{n}"] == leaf)
        leaves.append(leaf)
        expect(f"root of {n + 1}", vectors[f"tree_root_{n + 1}"] == tree_hash(leaves))
    expect("a tree", len(leaves) == 9)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    vectors = load_vectors(sys.argv[2])
    with tempfile.TemporaryDirectory() as folder:
        envelope, body_module, receipts = load_schema(sys.argv[1], folder)
        check_bodies(envelope, body_module, vectors)
        check_downlink(envelope, receipts, vectors)
        check_tree(vectors)
    print(f"{checked} statements about {len(vectors)} vectors hold")


if __name__ == "__main__":
    main()
