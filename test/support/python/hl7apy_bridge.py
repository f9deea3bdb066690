"""hl7apy as a laboratory: asked one line on stdin as JSON, each answered with one line on stdout.

In:  {"call": "validate", "args": {"text"}}      what strict validation objects to, as a list of texts
     {"call": "send", "args": {"port", "result"}} builds an ORU^R01, sends it over MLLP, and reads the answer strictly
     {"call": "listen", "args": {}}              starts an MLLP server for orders; {"port"}
     {"call": "received", "args": {}}            the orders that it took: {"type", "placer", "tests", "objections"}
Out: {"answer": <JSON>} or {"error": {"type", "status", "body"}}
"""

import json
import os
import socket
import sys
import tempfile
import threading

from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.core import Message
from hl7apy.exceptions import HL7apyException
from hl7apy.mllp import AbstractErrorHandler, AbstractHandler, MLLPServer
from hl7apy.parser import parse_message

STRICT = VALIDATION_LEVEL.STRICT
# The standard has one of these segments; hl7apy, which knows no choice, asks for all of them.
CHOICE = "ORM_O01_OBRRQDRQ1RXOODSODT_SUPPGRP."
OTHER_CHOICES = {f"Error: Missing required child {CHOICE}{name}" for name in ("RQD", "RQ1", "RXO", "ODS", "ODT")}

received = []


def objections(text):
    """Every error that strict validation has, without those of the choice above."""
    try:
        message = parse_message(text, validation_level=STRICT)
    except (HL7apyException, ValueError) as error:
        return [f"{type(error).__name__}: {error}"]
    handle, report = tempfile.mkstemp()
    os.close(handle)
    try:
        message.validate(report_file=report)
    except HL7apyException:
        pass
    with open(report, encoding="utf-8") as lines:
        errors = [line.strip() for line in lines if line.startswith("Error")]
    os.unlink(report)
    return [error for error in errors if error not in OTHER_CHOICES]


def each_order(text):
    """The message once for each of its orders.

    Where an ORC follows an order of OML^O21, the standard lets it begin the next order or a prior result, and hl7apy takes
    the prior result.
    """
    head, *orders = text.split("\rORC|")
    return [f"{head}\rORC|{order}" for order in orders] or [text]


def validate(text):
    return [each for part in each_order(text) for each in objections(part)]


def result_message(result):
    """A report of one value, put together by hl7apy, which refuses whatever the standard does not allow."""
    message = Message("ORU_R01", version="2.5.1", validation_level=STRICT)
    message.msh.msh_3, message.msh.msh_4, message.msh.msh_5 = "LABCORP", "LABCORP BURLINGTON", "VENULE"
    message.msh.msh_9, message.msh.msh_10, message.msh.msh_11 = "ORU^R01^ORU_R01", result["control_id"], "P"
    patient = message.add_group("ORU_R01_PATIENT_RESULT")
    patient.oru_r01_patient.pid.pid_3 = "1"
    patient.oru_r01_patient.pid.pid_5 = "Bell^Ana"
    order = patient.add_group("ORU_R01_ORDER_OBSERVATION")
    order.obr.obr_1, order.obr.obr_2, order.obr.obr_4 = "1", result["placer"], "001032^Glucose^L"
    order.obr.obr_22, order.obr.obr_25 = "20261101081500", "F"
    observation = order.add_group("ORU_R01_OBSERVATION").obx
    observation.obx_1, observation.obx_2, observation.obx_3 = "1", "NM", "2345-7^Glucose^LN"
    observation.obx_5, observation.obx_6, observation.obx_11 = result["value"], "mg/dL", "F"
    message.validate()
    return message


def send(port, result):
    message = result_message(result)
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(message.to_mllp().encode("utf-8"))
        heard = b""
        while not heard.endswith(b"\x1c\r"):
            piece = connection.recv(4096)
            if not piece:
                raise ConnectionError("closed without an acknowledgment")
            heard += piece
    text = heard[1:-2].decode("utf-8")
    answer = parse_message(text, validation_level=STRICT)
    return {
        "sent": message.to_er7(),
        "objections": objections(text),
        "type": answer.msh.msh_9.to_er7(),
        "code": answer.msa.msa_1.to_er7(),
        "control_id": answer.msa.msa_2.to_er7(),
    }


class Orders(AbstractHandler):
    def reply(self):
        order = parse_message(self.incoming_message, find_groups=False)
        received.append(
            {
                "type": order.msh.msh_9.to_er7(),
                "placer": order.orc.orc_2.to_er7(),
                "tests": [request.obr_4.obr_4_1.to_er7() for request in order.obr],
                "objections": validate(self.incoming_message),
            }
        )
        answer = Message("ACK", version="2.5.1", validation_level=STRICT)
        answer.msh.msh_9 = "ACK^" + order.msh.msh_9.msh_9_2.to_er7() + "^ACK"
        answer.msh.msh_10, answer.msh.msh_11 = f"L{len(received)}", "P"
        answer.msa.msa_1, answer.msa.msa_2 = "AA", order.msh.msh_10.to_er7()
        answer.validate()
        return answer.to_mllp()


class Failed(AbstractErrorHandler):
    def reply(self):
        sys.stderr.write(f"hl7apy: {self.exc!r}\n")
        raise self.exc


def listen():
    handlers = {kind: (Orders,) for kind in ("ORM^O01^ORM_O01", "OML^O21^OML_O21")}
    server = MLLPServer("127.0.0.1", 0, {**handlers, "ERR": (Failed,)})
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return {"port": server.server_address[1]}


CALLS = {"validate": validate, "send": send, "listen": listen, "received": lambda: received}


def main():
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            said = {"answer": CALLS[asked["call"]](**asked["args"])}
        except Exception as error:
            said = {"error": {"type": type(error).__name__, "status": None, "body": str(error)}}
        print(json.dumps(said), flush=True)


main()
