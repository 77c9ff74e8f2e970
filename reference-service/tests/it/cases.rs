//! Every route with every status it documents: what is sent and what must come back.

/// One request and what must come back.
pub(crate) struct Case {
    pub(crate) role: &'static str,
    pub(crate) request: &'static str,
    pub(crate) body: &'static str,
    pub(crate) if_match: &'static str,
    pub(crate) status: u16,
    pub(crate) holds: &'static str,
}

const fn case(role: &'static str, request: &'static str, body: &'static str, status: u16, holds: &'static str) -> Case {
    Case { role, request, body, if_match: "", status, holds }
}

const fn matched(
    request: &'static str,
    if_match: &'static str,
    body: &'static str,
    status: u16,
    holds: &'static str,
) -> Case {
    Case { role: "teacher", request, body, if_match, status, holds }
}

/// All of them, in this order on one database.
pub(crate) const CASES: &[Case] = &[
    case(
        "",
        "POST /api/v1/auth/token",
        r#"{"username":"viewer","password":"viewer-password"}"#,
        200,
        r#""token_type":"bearer","expires_in":3600"#,
    ),
    case("", "POST /api/v1/auth/token", r#"{"username":"viewer","password":"wrong"}"#, 401, "INVALID_CREDENTIALS"),
    case("", "POST /api/v1/auth/token", r#"{"username":"nobody","password":"wrong"}"#, 401, "INVALID_CREDENTIALS"),
    case(
        "",
        "POST /api/v1/auth/token",
        r#"{"username":7}"#,
        422,
        r#"["body","password"],"msg":"Field required","type":"missing""#,
    ),
    case("", "POST /api/v1/auth/token", "", 422, r#""loc":["body"]"#),
    // Lists
    case("", "GET /api/v1/students", "", 401, "UNAUTHORIZED"),
    case("forged", "GET /api/v1/students", "", 401, "UNAUTHORIZED"),
    case("viewer", "GET /api/v1/students", "", 200, r#""total":200,"page":1,"page_size":20,"pages":10"#),
    case("viewer", "GET /api/v1/students?page=10&page_size=20&sort=-id", "", 200, r#""id":1,"student_no":"S000001""#),
    case("viewer", "GET /api/v1/students?page=4711", "", 200, r#"{"items":[],"total":200,"page":4711"#),
    case("viewer", "GET /api/v1/students?q=GRACE&page_size=3&sort=credits", "", 200, "Grace"),
    case(
        "viewer",
        "GET /api/v1/students?q=%25",
        "",
        200,
        r#"{"items":[],"total":0,"page":1,"page_size":20,"pages":0}"#,
    ),
    case("viewer", "GET /api/v1/students?status=suspended&class_id=7&sort=-created_at", "", 200, r#""page":1"#),
    case("viewer", "GET /api/v1/students?sort=-credits&page_size=100", "", 200, r#""total":200"#),
    case(
        "viewer",
        "GET /api/v1/students?page=0&page_size=101&class_id=x&status=s&sort=email",
        "",
        422,
        r#"["query","sort"]"#,
    ),
    // One student
    case("viewer", "GET /api/v1/students/1", "", 200, r#"{"id":1,"student_no":"S000001""#),
    case("viewer", "GET /api/v1/students/4711", "", 404, "STUDENT_NOT_FOUND"),
    case("viewer", "GET /api/v1/students/x", "", 422, r#"["path","id"]"#),
    case("", "GET /api/v1/students/1", "", 401, "UNAUTHORIZED"),
    // Creating
    case(
        "teacher",
        "POST /api/v1/students",
        r#"{"student_no":"A1","name":"Ada","email":"a1@example.org","phone":"+44 1","class_id":7,"credits":3}"#,
        201,
        r#""phone":"+44 1","class_id":7,"status":"active","credits":3"#,
    ),
    case(
        "teacher",
        "POST /api/v1/students",
        r#"{"student_no":"A1","name":"Ada","email":"a1@example.org"}"#,
        409,
        "STUDENT_NO_TAKEN",
    ),
    case(
        "teacher",
        "POST /api/v1/students",
        r#"{"student_no":"A1","name":"Ada","email":"a2@example.org"}"#,
        409,
        "STUDENT_NO_TAKEN",
    ),
    case(
        "admin",
        "POST /api/v1/students",
        r#"{"student_no":"A2","name":"Ada","email":"a1@example.org"}"#,
        409,
        "EMAIL_TAKEN",
    ),
    case(
        "teacher",
        "POST /api/v1/students",
        r#"{"student_no":"A3","name":"Ada","email":"a3@example.org","class_id":4711}"#,
        422,
        r#"["body","class_id"]"#,
    ),
    case(
        "teacher",
        "POST /api/v1/students",
        r#"{"student_no":"A 3","name":" ","email":"a3","phone":"x","class_id":"7","status":"s","credits":-1}"#,
        422,
        r#"["body","credits"]"#,
    ),
    case("teacher", "POST /api/v1/students", "{", 422, "json_invalid"),
    case("teacher", "POST /api/v1/students", "[]", 422, "model_attributes_type"),
    case("viewer", "POST /api/v1/students", "{}", 403, "FORBIDDEN"),
    case("", "POST /api/v1/students", "{}", 401, "UNAUTHORIZED"),
    // Changing
    matched(
        "PATCH /api/v1/students/2",
        r#""1""#,
        r#"{"credits":5,"class_id":null,"phone":null}"#,
        200,
        r#""class_id":null,"status""#,
    ),
    matched("PATCH /api/v1/students/2", r#""1""#, r#"{"credits":6}"#, 412, "PRECONDITION_FAILED"),
    matched("PATCH /api/v1/students/2", r#""9", "2""#, r#"{"credits":6}"#, 200, r#""credits":6"#),
    matched("PATCH /api/v1/students/2", "*", r#"{"credits":7}"#, 200, r#""credits":7"#),
    matched("PATCH /api/v1/students/4711", "*", r#"{"credits":7}"#, 404, "STUDENT_NOT_FOUND"),
    case("teacher", "PATCH /api/v1/students/2", "{}", 200, r#""credits":7"#),
    case("teacher", "PATCH /api/v1/students/2", r#"{"email":"a1@example.org"}"#, 409, "EMAIL_TAKEN"),
    case("teacher", "PATCH /api/v1/students/2", r#"{"name":null,"status":""}"#, 422, r#"["body","status"]"#),
    case("viewer", "PATCH /api/v1/students/2", "{}", 403, "FORBIDDEN"),
    case("", "PATCH /api/v1/students/2", "{}", 401, "UNAUTHORIZED"),
    matched(
        "PUT /api/v1/students/3",
        r#""1""#,
        r#"{"student_no":"P3","name":"Put","email":"p3@example.org"}"#,
        200,
        r#""status":"active","credits":0"#,
    ),
    matched(
        "PUT /api/v1/students/3",
        r#""1""#,
        r#"{"student_no":"P3","name":"Put","email":"p3@example.org"}"#,
        412,
        "PRECONDITION_FAILED",
    ),
    case(
        "teacher",
        "PUT /api/v1/students/3",
        r#"{"student_no":"S000001","name":"Put","email":"p3@example.org"}"#,
        409,
        "STUDENT_NO_TAKEN",
    ),
    case("teacher", "PUT /api/v1/students/3", r#"{"name":"Put"}"#, 422, r#"["body","student_no"]"#),
    case(
        "teacher",
        "PUT /api/v1/students/4711",
        r#"{"student_no":"P4","name":"Put","email":"p4@example.org"}"#,
        404,
        "STUDENT_NOT_FOUND",
    ),
    case("viewer", "PUT /api/v1/students/3", "{}", 403, "FORBIDDEN"),
    case("", "PUT /api/v1/students/3", "{}", 401, "UNAUTHORIZED"),
    // Removing
    case("viewer", "DELETE /api/v1/students/4", "", 403, "FORBIDDEN"),
    case("", "DELETE /api/v1/students/4", "", 401, "UNAUTHORIZED"),
    case("teacher", "DELETE /api/v1/students/4", "", 204, ""),
    case("teacher", "DELETE /api/v1/students/4", "", 404, "STUDENT_NOT_FOUND"),
    case("teacher", "DELETE /api/v1/students/0", "", 422, r#"["path","id"]"#),
    // Batches
    case(
        "teacher",
        "POST /api/v1/students/batch",
        r#"{"students":[{"student_no":"B1","name":"B","email":"b1@example.org"},{"student_no":"B2","name":"B","email":"b2@example.org"}]}"#,
        201,
        r#""created":2"#,
    ),
    case(
        "teacher",
        "POST /api/v1/students/batch",
        r#"{"students":[{"student_no":"B3","name":"B","email":"b3@example.org"},{"student_no":"B4","name":"B","email":"b2@example.org"}]}"#,
        409,
        "Row 1: Email",
    ),
    case(
        "teacher",
        "POST /api/v1/students/batch",
        r#"{"students":[{"student_no":"B3","name":"B","email":"b3@example.org","class_id":4711}]}"#,
        422,
        r#"["body","students",0,"class_id"]"#,
    ),
    case(
        "teacher",
        "POST /api/v1/students/batch",
        r#"{"students":[{"name":"B","email":"b3@example.org"},7]}"#,
        422,
        r#"["body","students",0,"student_no"]"#,
    ),
    case("teacher", "POST /api/v1/students/batch", r#"{"students":[]}"#, 422, r#"["body","students"]"#),
    case("viewer", "GET /api/v1/students?q=b3%40example.org", "", 200, r#""total":0"#),
    case("viewer", "POST /api/v1/students/batch", "{}", 403, "FORBIDDEN"),
    case("", "POST /api/v1/students/batch", "{}", 401, "UNAUTHORIZED"),
    // Reviews
    case(
        "teacher",
        "POST /api/v1/students/reviews/claim",
        "",
        200,
        r#"{"id":1,"student_id":1,"kind":"grades","status":"claimed","claimed_by":2"#,
    ),
    case(
        "admin",
        "POST /api/v1/students/reviews/claim",
        "",
        200,
        r#"{"id":2,"student_id":2,"kind":"transfer","status":"claimed","claimed_by":1"#,
    ),
    case("viewer", "POST /api/v1/students/reviews/claim", "", 403, "FORBIDDEN"),
    case("", "POST /api/v1/students/reviews/claim", "", 401, "UNAUTHORIZED"),
    // Classes
    case("viewer", "GET /api/v1/classes/7/stats", "", 200, r#"{"class_id":7,"name":"Class 07","capacity":150"#),
    case("viewer", "GET /api/v1/classes/4711/stats", "", 404, "CLASS_NOT_FOUND"),
    case("viewer", "GET /api/v1/classes/x/stats", "", 422, r#"["path","id"]"#),
    case("", "GET /api/v1/classes/7/stats", "", 401, "UNAUTHORIZED"),
    // The rest
    case("", "GET /health", "", 200, r#"{"status":"ok"}"#),
    case("", "GET /health/postgres", "", 200, r#"{"status":"ok"}"#),
    case("", "GET /nowhere", "", 404, r#""code":"NOT_FOUND""#),
    case("", "POST /health", "", 405, "METHOD_NOT_ALLOWED"),
    case("", "DELETE /api/v1/students", "", 405, "METHOD_NOT_ALLOWED"),
];
